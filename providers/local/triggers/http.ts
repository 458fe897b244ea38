// A request to the local server.
import { type Caller, type Reply, type Trigger, toReply } from "../../../src/provider.ts";

export interface LocalRequest {
  readonly request: Request;
  readonly path: string;
  readonly caller?: Caller;
}

export const trigger: Trigger<LocalRequest, Reply | undefined> = {
  name: "local.http",
  accepts: (payload): payload is LocalRequest =>
    typeof payload === "object" && payload !== null && "request" in payload,
  decode: ({ payload }) => [{ kind: "request", ...payload }],
  encode: ([outcome]) => (outcome?.kind === "reply" ? toReply(outcome.response) : undefined),
};
