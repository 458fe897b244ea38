// What every broker must do.
import { deliveryCases } from "./pubsub-delivery.ts";
import { failureCases } from "./pubsub-failure.ts";
import type { PubSubCase } from "./pubsub-harness.ts";
import { orderCases } from "./pubsub-order.ts";

export type { PubSubHarness, Receiver } from "./pubsub-harness.ts";

export const pubsubCases: readonly PubSubCase[] = [...deliveryCases, ...failureCases, ...orderCases];
