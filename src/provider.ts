// What a provider imports: the seam, for ours and for third parties alike.
export type * from "./contracts/component.ts";
export type * from "./contracts/event.ts";
export type * from "./contracts/function.ts";
export type * from "./contracts/provider.ts";
export type * from "./contracts/pubsub.ts";
export type * from "./contracts/secret-store.ts";
export type * from "./contracts/state.ts";
export type * from "./contracts/trigger.ts";
export { type ErrorCode, FaastenError, Redeliver } from "./errors.ts";
export { once } from "./once.ts";
export { type Death, fromDeadLetter, toDeadLetter } from "./runtime/dead-letter.ts";
export { checkEventSize, checkKey, checkOperations } from "./runtime/limits.ts";
export { duration, flag, setting } from "./runtime/metadata.ts";
