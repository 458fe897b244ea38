// Calls to an app on this machine: to itself within the process, to another that `faasten dev` serves at its address.
import {
  type ComponentOptions,
  type Create,
  FaastenError,
  failedRequest,
  type ServiceCaller,
  sendRequest,
  setting,
} from "../../../src/provider.ts";
import { callerHeader } from "../caller.ts";

/** The other app's folder is the `folder`, by default the one of its name beside ours. The token that its `faasten dev` keeps there makes us a service. */
export const create: Create<ServiceCaller> = (options) => {
  const app = setting(options, "appId") ?? options.name;
  const where = `service "${app}"`;
  let own: ((request: Request) => Promise<Response>) | undefined;

  async function within(
    answer: (request: Request) => Promise<Response>,
    ...[request, { signal } = {}]: Call
  ): Promise<Response> {
    const { method, path, headers, body } = request;
    signal?.throwIfAborted();
    const asked = new Request(`http://${app}.local${path}`, {
      method,
      headers,
      ...(body && { body, duplex: "half" }),
    } as RequestInit);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const leave = (): void => reject(failedRequest(signal?.reason, signal, where));
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([answer(asked), aborted]);
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  return {
    async call(request, call = {}) {
      if (own) return within(own, request, call);
      if (/^\/_faasten(?:[/?]|$)/.test(request.path))
        throw new FaastenError("DENIED", `${where}: what lies below /_faasten is its developer's, and no service's`);
      const { port, token } = addressOf(app, options, where);
      const headers = new Headers(request.headers);
      headers.set("authorization", `Bearer ${token}`);
      headers.set(callerHeader, options.service);
      return sendRequest(
        { ...request, headers },
        { base: new URL(`http://127.0.0.1:${port}`), signal: call.signal, where },
      );
    },
    ...(app === options.service && {
      attach: (answer) => {
        own = answer;
      },
    }),
  };
};

type Call = Parameters<ServiceCaller["call"]>;

/** Read for each call: an app that was started again has another. */
function addressOf(
  app: string,
  options: ComponentOptions,
  where: string,
): { readonly port: number; readonly token: string } {
  const { readFileSync } = process.getBuiltinModule("node:fs");
  const { join, resolve } = process.getBuiltinModule("node:path");
  const folder = resolve(setting(options, "folder") ?? join("..", app));
  const mend = `start it there with \`faasten dev\`, or give the component ${options.name} the \`folder\` that it is in`;
  const known = read(() => readFileSync(join(folder, ".faasten", "local", "dev.json"), "utf8"));
  const { port, token, pid, service } = known;
  if (typeof port !== "number" || typeof token !== "string" || typeof pid !== "number" || !isAlive(pid))
    throw new FaastenError("UNAVAILABLE", `${where}: no app runs in ${folder}: ${mend}`);
  if (service !== app)
    throw new FaastenError("MISCONFIGURED", `${where}: the app that runs in ${folder} is "${service}": ${mend}`);
  return { port, token };
}

function read(file: () => string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(file()));
  } catch {
    return {};
  }
}

/** Its port may be another program's by now, which is not to see the token. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
