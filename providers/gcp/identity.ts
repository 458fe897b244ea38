// Who posts to a function that is not for browsers: its own subscription or job, by a token that Google has signed for it.
// https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions
// https://docs.cloud.google.com/run/docs/authenticating/service-to-service
import { FaastenError } from "../../src/provider.ts";

/** Resolves if that is who may post; rejects with `UNAUTHENTICATED` or `DENIED`, which never quote the token. */
export type Admit = (authorization: string | undefined) => Promise<void>;

interface Claims {
  readonly aud?: unknown;
  readonly iss?: unknown;
  readonly exp?: unknown;
  readonly email?: unknown;
  readonly email_verified?: unknown;
}

export interface IdentityOptions {
  /** What the stack has set. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the certificates are that tokens are signed with. Left out: Google's own. */
  readonly certificates?: string;
}

/** Throws `MISCONFIGURED` where it is not said who may: then nobody could be told from anybody. */
export function createAdmit({ env, certificates }: IdentityOptions): Admit {
  const [audience, caller] = [variable(env, "FAASTEN_PUSH_AUDIENCE"), variable(env, "FAASTEN_PUSH_CALLER")];
  const onCloudRun = env["K_SERVICE"] !== undefined;
  let verify: ((token: string) => Promise<Claims>) | undefined;
  return async (authorization) => {
    const [, token] = /^bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? "") ?? [];
    if (token === undefined) throw refused("a push carries a token of Google's in its authorization header");
    // What the platform itself has verified, it hands on without what anybody could use elsewhere.
    const seen = onCloudRun && token.endsWith(`.${removed}`);
    if (!seen) verify ??= await createVerify(certificates);
    const claims = seen ? claimsOf(token) : await verify?.(token);
    if (claims?.aud !== audience) throw refused(`the token is for ${said(claims?.aud)}, and not for ${audience}`);
    if (typeof claims.iss !== "string" || !issuers.includes(claims.iss))
      throw refused(`the token is of ${said(claims.iss)}, and not of Google`);
    if (typeof claims.exp !== "number" || (claims.exp + skew) * 1000 < Date.now())
      throw refused("the token has expired");
    if (claims.email !== caller || claims.email_verified !== true)
      throw new FaastenError("DENIED", `${said(claims.email)} may not post here, but ${caller} alone`);
  };
}

/** https://docs.cloud.google.com/run/docs/troubleshooting#signature-removed */
const removed = "SIGNATURE_REMOVED_BY_GOOGLE";
const issuers: readonly string[] = ["https://accounts.google.com", "accounts.google.com"];
/** Seconds by which clocks may differ; Google's own library allows as much. */
const skew = 300;

async function createVerify(certificates: string | undefined): Promise<(token: string) => Promise<Claims>> {
  const { OAuth2Client } = await import("google-auth-library");
  const endpoints = { oauth2FederatedSignonPemCertsUrl: certificates ?? "" };
  const client = new OAuth2Client(certificates === undefined ? {} : { endpoints });
  return async (idToken) => {
    // Without them nothing is known of the token: that is no refusal.
    await client.getFederatedSignonCertsAsync().catch((error: unknown) => {
      throw new FaastenError("UNAVAILABLE", "Google's certificates could not be had", { cause: error });
    });
    const ticket = await client.verifyIdToken({ idToken }).catch(() => undefined);
    const claims = ticket?.getPayload();
    if (!claims) throw refused("the token is not signed by Google, or has expired");
    return claims;
  };
}

function claimsOf(token: string): Claims {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    return typeof claims === "object" && claims !== null ? claims : {};
  } catch {
    return {};
  }
}

function variable(env: IdentityOptions["env"], name: string): string {
  const value = env[name];
  if (value) return value;
  throw new FaastenError(
    "MISCONFIGURED",
    `the environment has no ${name}: the stack sets it, so that a function knows who may post to it`,
  );
}

function refused(why: string): FaastenError {
  return new FaastenError("UNAUTHENTICATED", why);
}

/** A claim as a message may hold it. */
function said(claim: unknown): string {
  return typeof claim === "string" ? JSON.stringify(claim.slice(0, 200)) : "nobody";
}
