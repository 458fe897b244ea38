// Who may call an HTTP function. Checked here always, whatever the platform checks before.
import type { Access, Caller, RequestArrival } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import type { JwtAccess } from "./jwt.ts";

export type AccessRule = "public" | "service" | JwtAccess;

/** The rule as data, for the build and the platform. */
export function toAccess(rule: AccessRule): Access {
  if (typeof rule === "string") return rule;
  const { issuer, audience, scopes } = rule;
  return { issuer, audience, ...(scopes && { scopes }) };
}

/** Who calls; `undefined` for anyone. Throws `UNAUTHENTICATED` or `DENIED`. */
export function admit(
  rule: AccessRule | undefined,
  { request, caller }: RequestArrival,
): Caller | undefined | Promise<Caller> {
  if (rule === undefined || rule === "public") return caller;
  if (rule === "service") {
    if (caller?.kind === "service") return caller;
    throw new FaastenError(
      "UNAUTHENTICATED",
      "only services may call this, with the platform's own proof of who they are",
    );
  }
  // A platform that has verified the token itself says whose it is; what it says must fit all the same.
  if (caller?.kind === "user") return rule.accept(caller.claims);
  const [, token] = /^bearer ([^\s]+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  if (token === undefined)
    throw new FaastenError("UNAUTHENTICATED", "a bearer token is wanted in the authorization header");
  return rule.verify(token);
}
