// How often the client of Service Bus tries, and for how long.
import { RetryMode, type RetryOptions } from "@azure/service-bus";

/** By the SDK's own, an attempt on a lost connection lasts a minute, and the next one begins half a minute later. */
export const retryOptions: RetryOptions = {
  mode: RetryMode.Exponential,
  maxRetries: 3,
  retryDelayInMs: 500,
  timeoutInMs: 8000,
};
