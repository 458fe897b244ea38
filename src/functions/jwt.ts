// Who may call, told by a JSON Web Token: OpenID Connect discovery, keys cached, every claim that matters checked.
// https://openid.net/specs/openid-connect-discovery-1_0.html
import * as errors from "jose/errors";
import { createRemoteJWKSet } from "jose/jwks/remote";
import { jwtVerify } from "jose/jwt/verify";
import type { Caller } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import { once } from "../once.ts";

export interface JwtRules {
  /** As the token's `iss` says it, letter for letter. */
  readonly issuer: string;
  /** One that the token's `aud` must hold. */
  readonly audience: string;
  /** Each must be granted by the token's `scope` or `scp`. */
  readonly scopes?: readonly string[];
  /** Where the issuer's keys are; left out: found by discovery. */
  readonly jwks?: string;
  /** Signatures that are accepted: RS256, PS256, ES256 and EdDSA if left out. Never `none`, never a shared secret. */
  readonly algorithms?: readonly string[];
}

export interface JwtAccess {
  readonly issuer: string;
  readonly audience: string;
  readonly scopes?: readonly string[];
  /** Who the bearer is. Throws `UNAUTHENTICATED` for a token that does not hold, `DENIED` for one that lacks a scope. */
  verify(token: string): Promise<Caller>;
  /** The same by the claims of a token that was verified before: issuer, audience and scopes must be the wanted ones. */
  accept(claims: Caller["claims"]): Caller;
}

/** Access for the bearers of one issuer's tokens. */
/* @__NO_SIDE_EFFECTS__ */
export function jwt(rules: JwtRules): JwtAccess {
  const { issuer, audience, scopes = [], algorithms = ["RS256", "PS256", "ES256", "EdDSA"] } = rules;
  const keys = once(async () =>
    createRemoteJWKSet(new URL(rules.jwks ?? (await discover(issuer))), { timeoutDuration: patience }),
  );
  function accept(claims: Caller["claims"]): Caller {
    const { iss, aud, sub, scope, scp } = claims;
    if (iss !== issuer || ![aud].flat().includes(audience))
      throw new FaastenError("UNAUTHENTICATED", "the token is of another issuer, or for another audience");
    const granted =
      typeof scope === "string" ? scope.split(" ") : Array.isArray(scp) ? scp : String(scp ?? "").split(" ");
    const lacking = scopes.filter((wanted) => !granted.includes(wanted));
    if (lacking.length > 0) throw new FaastenError("DENIED", `the token lacks the scope ${lacking.join(", ")}`);
    return { kind: "user", subject: typeof sub === "string" ? sub : "", claims };
  }
  return {
    issuer,
    audience,
    ...(rules.scopes && { scopes: rules.scopes }),
    accept,
    async verify(token) {
      const found = await check(async () =>
        jwtVerify(token, await keys(), {
          issuer,
          audience,
          algorithms: [...algorithms],
          clockTolerance: 5,
          requiredClaims: ["exp"],
        }),
      );
      return accept(found.payload);
    },
  };
}

/** Milliseconds that the issuer has to answer in. */
const patience = 5_000;

/** What goes wrong with the keys, and not with the token. */
const keysFailed: ReadonlySet<string> = new Set([
  errors.JOSEError.code,
  errors.JWKSTimeout.code,
  errors.JWKSInvalid.code,
]);

async function check<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    if (error instanceof FaastenError) throw error;
    if (error instanceof errors.JOSEError && !keysFailed.has(error.code)) {
      throw new FaastenError("UNAUTHENTICATED", `the token does not hold: ${error.message}`, { cause: error });
    }
    throw new FaastenError("UNAVAILABLE", "the issuer's keys cannot be had", { cause: error });
  }
}

async function discover(issuer: string): Promise<string> {
  const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const response = await fetch(address, { signal: AbortSignal.timeout(patience) });
  const { jwks_uri } = (await response.json()) as { readonly jwks_uri?: unknown };
  if (response.ok && typeof jwks_uri === "string") return jwks_uri;
  throw new FaastenError("UNAVAILABLE", `${address} names no jwks_uri: give \`jwks\``);
}
