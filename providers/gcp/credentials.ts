// As whom a component calls Google: the service account in its YAML, the instance's own, or what Google's library finds.
// https://docs.cloud.google.com/docs/authentication/application-default-credentials
// https://docs.cloud.google.com/compute/docs/access/authenticate-workloads
import { type ComponentOptions, FaastenError, setting } from "../../src/provider.ts";
import { createTransport } from "./transport.ts";

/** Gives an access token; `renew`: the one of before was refused. */
export type Tokens = (options?: { readonly signal?: AbortSignal; readonly renew?: boolean }) => Promise<string>;

interface Token {
  readonly text: string;
  /** Unix milliseconds. */
  readonly until: number;
}

/** Milliseconds in which the instance's metadata server has to answer. It is next door. */
const patience = 5000;
/** Milliseconds before its end at which a token is made anew: the metadata server has a new one from five minutes on. */
const early = 4 * 60_000;
const scope = "https://www.googleapis.com/auth/cloud-platform";

export function createTokens(component: ComponentOptions): Tokens {
  return remembered(sourceOf(component, accessTokens));
}

/** Tokens that prove to the service at that address who calls. https://docs.cloud.google.com/docs/authentication/get-id-token */
export function createIdTokens(component: ComponentOptions, audience: string): Tokens {
  return remembered(sourceOf(component, idTokensFor(audience)));
}

function remembered(make: () => Promise<Token>): Tokens {
  let token: Token | undefined;
  let making: Promise<Token> | undefined;
  return async ({ signal, renew = false } = {}) => {
    signal?.throwIfAborted();
    if (token && !renew && token.until - early > Date.now()) return token.text;
    // One for all who wait, so it is none of theirs to call off.
    making ??= make()
      .then((made) => {
        token = made;
        return made;
      })
      .finally(() => {
        making = undefined;
      });
    return (await orAborted(making, signal)).text;
  };
}

/** The project of the YAML, or of the environment. */
export function projectOf(component: ComponentOptions): string {
  const project =
    setting(component, "project_id") ?? setting(component, "projectId") ?? process.env["GOOGLE_CLOUD_PROJECT"];
  if (project) return project;
  throw new FaastenError(
    "MISCONFIGURED",
    `component "${component.name}": which project it lies in is not said: write project_id into its YAML, or set GOOGLE_CLOUD_PROJECT`,
  );
}

/** How one kind of token is had. */
interface Kind {
  ofAccount(email: string, key: string): Promise<Token>;
  fromInstance(): Promise<Token>;
  found(): Promise<Token>;
}

function sourceOf(component: ComponentOptions, kind: Kind): () => Promise<Token> {
  const email = setting(component, "client_email") ?? setting(component, "clientEmail");
  const key = setting(component, "private_key") ?? setting(component, "privateKey");
  const ofInstance = process.env["K_SERVICE"] !== undefined && !process.env["GOOGLE_APPLICATION_CREDENTIALS"];
  const fail = (source: string, reason: string): never => {
    throw new FaastenError("UNAUTHENTICATED", `component "${component.name}": no token from ${source}: ${reason}`);
  };
  if (email !== undefined && key !== undefined)
    return () => kind.ofAccount(email, key.replaceAll("\\n", "\n")).catch((error) => fail("its key", saidBy(error)));
  if (ofInstance) return () => kind.fromInstance().catch((error) => fail("the metadata server", saidBy(error)));
  return () => kind.found().catch((error) => fail("Application Default Credentials", saidBy(error)));
}

/** The error itself goes no further: it may hold the request, and that what signs it. */
function saidBy(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the metadata server of this instance says; rejects if it does not within its time. */
export async function askInstance(path: string): Promise<string> {
  const host = process.env["GCE_METADATA_HOST"] || "metadata.google.internal";
  const server = createTransport(`http://${host}`);
  const signal = AbortSignal.timeout(patience);
  const asked = { method: "GET", path: `/computeMetadata/v1/${path}`, headers: { host, "metadata-flavor": "Google" } };
  try {
    for (let attempt = 1; ; attempt++) {
      const { status, body } = await server.send(asked, signal);
      if (status === 200) return body.toString();
      // Where it is only just starting, or asked too often, it says so.
      if (attempt === 3 || (status < 500 && status !== 429)) throw new Error(`it answered ${status}`);
      await process.getBuiltinModule("node:timers/promises").setTimeout(100 * attempt, undefined, { signal });
    }
  } catch (error) {
    throw signal.aborted ? new Error(`it did not answer within ${patience / 1000} s`) : error;
  } finally {
    server.close();
  }
}

/** https://docs.cloud.google.com/compute/docs/metadata/predefined-metadata-entries */
const accessTokens: Kind = {
  async fromInstance() {
    const reply = await askInstance("instance/service-accounts/default/token");
    const { access_token: text, expires_in: seconds } = JSON.parse(reply) as Readonly<Record<string, unknown>>;
    if (typeof text !== "string" || typeof seconds !== "number") throw new Error("its reply is no token");
    return { text, until: Date.now() + seconds * 1000 };
  },
  /** Signed here: a service of Google's takes it as it is. https://google.aip.dev/auth/4111 */
  async ofAccount(email, key) {
    const { JWT } = await import("google-auth-library");
    const client = new JWT({ email, key, scopes: [scope] });
    client.useJWTAccessWithScope = true;
    return ofHeaders(await client.getRequestHeaders());
  },
  /** Outside of Google's own instances: the user's, a file's, or another cloud's identity. */
  async found() {
    const { GoogleAuth } = await import("google-auth-library");
    return ofHeaders(await new GoogleAuth({ scopes: [scope] }).getRequestHeaders());
  },
};

const idTokensFor = (audience: string): Kind => ({
  async fromInstance() {
    const query = `audience=${encodeURIComponent(audience)}&format=full`;
    return ofJwt(await askInstance(`instance/service-accounts/default/identity?${query}`));
  },
  async ofAccount(email, key) {
    const { JWT } = await import("google-auth-library");
    return ofJwt(await new JWT({ email, key }).fetchIdToken(audience));
  },
  async found() {
    const { GoogleAuth } = await import("google-auth-library");
    const client = await new GoogleAuth().getIdTokenClient(audience);
    return ofJwt(await client.idTokenProvider.fetchIdToken(audience));
  },
});

function ofJwt(text: string): Token {
  const [, claims = ""] = text.trim().split(".");
  const { exp } = JSON.parse(Buffer.from(claims, "base64url").toString() || "{}") as { readonly exp?: unknown };
  if (typeof exp !== "number") throw new Error("its reply is no token");
  return { text: text.trim(), until: exp * 1000 };
}

function ofHeaders(headers: Headers): Token {
  const text = headers.get("authorization")?.replace(/^Bearer /, "");
  if (!text) throw new Error("the library gave none");
  return { text, until: Date.now() + 3600_000 };
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
