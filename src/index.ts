// What an application imports.

export type { BindingClient, BindingObject, NativeResult } from "./blocks/binding.ts";
export { type Configuration, configuration } from "./blocks/configuration.ts";
export type { Duration } from "./blocks/duration.ts";
export type { Publisher } from "./blocks/publisher.ts";
export type { Schema } from "./blocks/schema.ts";
export { type Secret, secret } from "./blocks/secret.ts";
export { type Service, service } from "./blocks/service.ts";
export {
  type Entry,
  type State,
  type StateDeclaration,
  type StateLister,
  type StateReader,
  state,
} from "./blocks/state.ts";
export type { ObjectChange } from "./contracts/binding.ts";
export type { Definition, HttpDefinition, Log } from "./contracts/function.ts";
export type { AwsEvent, LambdaEvent } from "./contracts/lambda.ts";
export type { Caller } from "./contracts/trigger.ts";
export { type ErrorCode, FaastenError } from "./errors.ts";
export { type BindingDeclaration, binding } from "./functions/binding.ts";
export type { Context, NativeCalls } from "./functions/context.ts";
export type { HttpContext, HttpHandler, HttpOptions, HttpTrigger, HttpTriggerOptions } from "./functions/http.ts";
export * as http from "./functions/http.ts";
export { type JwtAccess, type JwtRules, jwt } from "./functions/jwt.ts";
export {
  type AwsLambdaOptions,
  type LambdaHandler,
  type LambdaOptions,
  type LambdaTrigger,
  lambda,
} from "./functions/lambda.ts";
export { type ScheduleTrigger, schedule, type Tick } from "./functions/schedule.ts";
export type { Subscribed, TopicEvent } from "./functions/subscriber.ts";
export { type Topic, topic } from "./functions/topic.ts";
