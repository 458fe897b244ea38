// The preflights of a path whose functions are deployed one by one: the platform sends them all to one of these. For generated entries.
import type { Definition } from "../contracts/function.ts";
import type { Cors } from "../contracts/trigger.ts";
import { preflight } from "./cors.ts";

/** What another function of the path says of who may call it. */
export interface Neighbour {
  readonly method: string;
  readonly cors: Cors;
}

/** The function, which also answers in its neighbours' names. */
export function preflighted(definition: Definition, neighbours: readonly Neighbour[]): Definition {
  return {
    ...definition,
    async settle(arrival, invocation) {
      if (arrival.kind === "request") {
        const asked = arrival.request.headers.get("access-control-request-method");
        const wanted = neighbours.find(({ method }) => method === asked);
        const response = wanted && preflight(wanted.cors, wanted.method, arrival.request);
        if (response) return { kind: "reply", response };
      }
      return definition.settle(arrival, invocation);
    },
  };
}
