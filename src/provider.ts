// What a provider imports: the seam, for ours and for third parties alike.
export type * from "./contracts/binding.ts";
export type * from "./contracts/component.ts";
export type * from "./contracts/configuration-store.ts";
export type * from "./contracts/event.ts";
export type * from "./contracts/function.ts";
export type * from "./contracts/graph.ts";
export type * from "./contracts/inbox.ts";
export type * from "./contracts/lambda.ts";
export type * from "./contracts/plan.ts";
export type * from "./contracts/provider.ts";
export type * from "./contracts/pubsub.ts";
export type * from "./contracts/secret-store.ts";
export type * from "./contracts/service-caller.ts";
export type * from "./contracts/stack.ts";
export type * from "./contracts/state.ts";
export type * from "./contracts/trigger.ts";
export { type ErrorCode, FaastenError, Redeliver } from "./errors.ts";
export { once } from "./once.ts";
export {
  type ForeignMessage,
  fromBatch,
  fromBinary,
  fromMessage,
  fromStructured,
  toStructured,
} from "./runtime/cloudevent.ts";
export { buried, type Death, foundDead, fromDeadLetter, toDeadLetter } from "./runtime/dead-letter.ts";
export { inboxOf, subscriptionOf } from "./runtime/inbox.ts";
export { checkKey, checkOperations, maxBodyBytes, toPublished } from "./runtime/limits.ts";
export type { Journal, Level, Mark, Sink } from "./runtime/log.ts";
export { duration, flag, setting } from "./runtime/metadata.ts";
export { isLambdaVariable, kebab, physicalName, variableOf } from "./runtime/names.ts";
export { fromNode, readBody, writeReply } from "./runtime/node-http.ts";
export {
  type Answered,
  type Ask,
  type AskOptions,
  createAsk,
  createWeb,
  httpTrigger,
  type RoutedRequest,
  respond,
  type WebOptions,
} from "./runtime/node-server.ts";
export { toPath } from "./runtime/path.ts";
export { type Problem, problem } from "./runtime/problem.ts";
export { toNative, toRequest } from "./runtime/request.ts";
export { isOfConnection, type Reply, type ReplyBody, toBuffered, toReply, toResponse } from "./runtime/response.ts";
export { createRouter, type Params, type Route, type Router } from "./runtime/router.ts";
export { createRoutes, type Routes, toProblem } from "./runtime/routes.ts";
export { createRunner, type Origin, type Runner, type Settled } from "./runtime/run.ts";
export { failedRequest, provedBase, type RequestSending, sendRequest } from "./runtime/service-request.ts";
export { sha256 } from "./runtime/sha256.ts";
export { type Timetable, timetableOf } from "./runtime/timetable.ts";
export { fieldOf, written } from "./runtime/written.ts";
