// What the tests of an application import.

export type { Outcome } from "./contracts/trigger.ts";
export {
  type DeadLetter,
  type DeliverChoice,
  type LogLine,
  type TestApp,
  type TestOptions,
  testApp,
} from "./testing/app.ts";
export type { Sent } from "./testing/broadcasts.ts";
export type { Supplies } from "./testing/components.ts";
export type { Functions } from "./testing/start.ts";
export type { As, FetchInit } from "./testing/web.ts";
