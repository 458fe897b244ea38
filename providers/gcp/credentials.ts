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
  const make = sourceOf(component);
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

function sourceOf(component: ComponentOptions): () => Promise<Token> {
  const email = setting(component, "client_email") ?? setting(component, "clientEmail");
  const key = setting(component, "private_key") ?? setting(component, "privateKey");
  const ofInstance = process.env["K_SERVICE"] !== undefined && !process.env["GOOGLE_APPLICATION_CREDENTIALS"];
  const fail = (source: string, reason: string): never => {
    throw new FaastenError("UNAUTHENTICATED", `component "${component.name}": no token from ${source}: ${reason}`);
  };
  if (email !== undefined && key !== undefined)
    return () => ofAccount(email, key.replaceAll("\\n", "\n")).catch((error) => fail("its key", saidBy(error)));
  if (ofInstance) return () => fromInstance().catch((error) => fail("the metadata server", saidBy(error)));
  return () => found().catch((error) => fail("Application Default Credentials", saidBy(error)));
}

/** The error itself goes no further: it may hold the request, and that what signs it. */
function saidBy(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** https://docs.cloud.google.com/compute/docs/metadata/predefined-metadata-entries */
async function fromInstance(): Promise<Token> {
  const reply = await askInstance("instance/service-accounts/default/token");
  const { access_token: text, expires_in: seconds } = JSON.parse(reply) as Readonly<Record<string, unknown>>;
  if (typeof text !== "string" || typeof seconds !== "number") throw new Error("its reply is no token");
  return { text, until: Date.now() + seconds * 1000 };
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

/** Signed here: a service of Google's takes it as it is. https://google.aip.dev/auth/4111 */
async function ofAccount(email: string, key: string): Promise<Token> {
  const { JWT } = await import("google-auth-library");
  const client = new JWT({ email, key, scopes: [scope] });
  client.useJWTAccessWithScope = true;
  return ofHeaders(await client.getRequestHeaders());
}

/** Outside of Google's own instances: the user's, a file's, or another cloud's identity. */
async function found(): Promise<Token> {
  const { GoogleAuth } = await import("google-auth-library");
  return ofHeaders(await new GoogleAuth({ scopes: [scope] }).getRequestHeaders());
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
