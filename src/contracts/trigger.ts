// What triggers a function, and how one native call becomes arrivals and outcomes its reply.
import type { Value } from "./component.ts";
import type { CloudEvent } from "./event.ts";

/** What the host hands over: the payload, and everything beside it (Lambda context, trigger metadata, raw headers). `deadline` in Unix milliseconds. */
export interface Call<Payload> {
  readonly id: string;
  readonly payload: Payload;
  readonly context: unknown;
  readonly deadline: number;
  readonly traceparent?: string;
}

/** One thing that arrived. A record that cannot be read is malformed: it reaches no function, and does not fail its neighbours. */
export type Arrival = RequestArrival | EventArrival | MalformedArrival;

export interface RequestArrival {
  readonly kind: "request";
  readonly request: Request;
  /** The path as the application knows it: no stage, no prefix of the platform's, still percent-encoded. */
  readonly path: string;
  /** Who calls, where the platform has proved it. Never read from what the client sent. */
  readonly caller?: Caller;
}

export interface EventArrival {
  readonly kind: "event";
  readonly event: CloudEvent;
  /** Which delivery this is, from 1, where the host tells it. */
  readonly attempt?: number;
  /** Arrivals of one key run one after another and stop at the first retry. */
  readonly order?: string;
  /** What the broker needs to find it again. */
  readonly receipt?: unknown;
}

export interface MalformedArrival {
  readonly kind: "malformed";
  readonly reason: string;
  readonly raw: Value;
  readonly attempt?: number;
  readonly order?: string;
  readonly receipt?: unknown;
}

/** What became of one arrival. Times are Unix milliseconds. */
export type Outcome =
  | { readonly kind: "reply"; readonly response: Response }
  /** `filtered`: it was let pass by, and no handler was called. */
  | { readonly kind: "done"; readonly filtered?: true }
  | { readonly kind: "retry"; readonly notBefore?: number; readonly reason: string }
  | { readonly kind: "drop"; readonly reason: string }
  | { readonly kind: "dead"; readonly reason: string };

/** Turns a native call into arrivals and outcomes into its reply, and says whether a call is its own. Calls no cloud, holds no state, knows no function. */
export interface Trigger<Payload = unknown, Reply = unknown> {
  /** As the cloud names it: `aws.sqs`, `azure.eventgrid`. */
  readonly name: string;
  /** Chooses among the triggers that the function declared, and never among others: a request is no event because it looks like one. */
  accepts(payload: unknown): payload is Payload;
  decode(call: Call<Payload>): readonly Arrival[] | Promise<readonly Arrival[]>;
  /** The reply, in the order of `decode`; throws `Redeliver` where the host knows only that the whole call failed. */
  encode(outcomes: readonly Outcome[], call: Call<Payload>): Reply | Promise<Reply>;
}

/** Who may call an HTTP function. A token's rules are data here; `jwt()` brings the check. */
export type Access =
  | "public"
  | "service"
  | { readonly issuer: string; readonly audience: string; readonly scopes?: readonly string[] };

/** Who called. `claims`: those of the token that was checked; none where the platform vouches by other means. */
export interface Caller {
  readonly kind: "user" | "service";
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Which pages of other origins may call. */
export interface Cors {
  /** Origins that may call, such as "https://shop.example"; "*" is any. */
  readonly origins: readonly string[];
  /** Request headers that they may send beside the plain ones. */
  readonly headers?: readonly string[];
  /** Reply headers that they may read beside the plain ones. */
  readonly expose?: readonly string[];
  /** Cookies and the like: never together with "*". */
  readonly credentials?: boolean;
  /** Seconds that a browser may remember the answer; 600 if left out. */
  readonly maxAge?: number;
  /** Only the preflights are answered so: what else is replied has the headers that the handler gives it. */
  readonly preflightsAlone?: true;
}

/** What a function is triggered by: plain data, read by the build, the hosts and the router. `method` "*": any. */
export type TriggerSpec =
  | {
      readonly kind: "http";
      readonly method: string;
      readonly path: string;
      readonly access?: Access;
      readonly cors?: Cors;
      readonly stream?: true;
      readonly isolate?: true;
      /** What AWS calls the last `*`; "proxy" if left out. */
      readonly rest?: string;
      /** On AWS it is the route `$default`, which has no path. */
      readonly fallback?: true;
    }
  | {
      readonly kind: "topic";
      readonly topic: string;
      readonly pubsub: string;
      readonly attempts: number;
      readonly ordered: boolean;
      readonly many?: true;
      /** Messages are the data alone, in no envelope. */
      readonly raw?: true;
    }
  | {
      readonly kind: "binding";
      readonly binding: string;
      readonly attempts: number;
      /** Filled in by the build where the binding is a clock: as a schedule has them. */
      readonly cron?: string;
      readonly timeZone?: string;
    }
  | { readonly kind: "schedule"; readonly cron: string; readonly timeZone?: string }
  /** Calls that one provider's own services make, and nobody else's: its handler gets the native payload there. */
  | { readonly kind: "native"; readonly provider: string; readonly event: string };
