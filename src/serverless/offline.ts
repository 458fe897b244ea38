// `sls offline`: the local runtime, alone or behind serverless-offline.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TriggerSpec } from "../contracts/trigger.ts";
import { type Dev, type DevOptions, dev } from "../dev/dev.ts";
import { createPrinter, type Serving } from "../dev/print.ts";
import { FaastenError } from "../errors.ts";
import { addressVariable } from "./forward.ts";
import type { Aws, Options, Serverless } from "./framework.ts";

/** Ends when it is interrupted. */
export async function serve(serverless: Serverless, aws: Aws, options: Options): Promise<void> {
  const { httpPort = "3000" } = options;
  const port = /^\d{1,5}$/.test(httpPort) ? Number(httpPort) : Number.NaN;
  if (!(port <= 65_535))
    throw new FaastenError("INVALID", `--httpPort ${httpPort}: a whole number from 0 to 65535 is wanted`);
  const { ended } = await start(serverless, aws, { port });
  await ended;
}

/** Starts it where there is a port, and has serverless-offline answer for its HTTP functions and run the handlers of `functions:`. */
export async function attach(serverless: Serverless, aws: Aws, options: Options): Promise<void> {
  const { service, serviceDir } = serverless;
  const written: { lambdaPort?: unknown; host?: unknown } = Object(service.custom?.["serverless-offline"]);
  const lambdas = `http://${written.host ?? "localhost"}:${options.lambdaPort ?? written.lambdaPort ?? 3002}/2015-03-31/functions`;
  const invoke = (key: string): string => `${lambdas}/${service.functions[key]?.name}/invocations`;
  let serving: Serving | undefined;
  const { stop } = await start(serverless, aws, { port: 0, beside: { invoke } }, (said) => {
    serving = said;
  });
  if (!serving) {
    await stop();
    throw new FaastenError("MISCONFIGURED", "the app has mistakes, which are told above: mend them and start again");
  }
  const address = `http://127.0.0.1:${serving.port}`;
  const { token } = serving;
  const reply = await fetch(`${address}/_faasten/functions`, { headers: { authorization: `Bearer ${token}` } });
  const functions = (await reply.json()) as readonly { readonly on: TriggerSpec }[];
  const folder = join(serviceDir, ".faasten", "local");
  mkdirSync(folder, { recursive: true });
  const forward = import.meta.resolve(import.meta.url.endsWith(".ts") ? "./forward.ts" : "./forward.js");
  writeFileSync(join(folder, "forward.mjs"), `export { handler } from ${JSON.stringify(forward)};\n`);
  service.functions["faastenHttp"] = {
    handler: ".faasten/local/forward.handler",
    name: `${service.service}-${aws.getStage()}-faastenHttp`,
    runtime: "nodejs22.x",
    timeout: 900,
    environment: { [addressVariable]: address },
    events: routesOf(functions.map(({ on }) => on)).map((httpApi) => ({ httpApi })),
  };
}

async function start(
  serverless: Serverless,
  aws: Aws,
  rest: Pick<DevOptions, "port" | "beside">,
  told?: (serving: Serving) => void,
): Promise<Dev & { stop(): Promise<void> }> {
  const asked = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => asked.abort());
  const print = createPrinter(process.stdout, process.stderr);
  const { ended } = await dev({
    folder: serverless.serviceDir,
    stage: aws.getStage(),
    params: {},
    options: {},
    framework: { configuration: serverless.configurationInput, runtime: aws.getRuntime() },
    signal: asked.signal,
    print: {
      ...print,
      serving(serving) {
        told?.(serving);
        print.serving(serving);
      },
    },
    ...(process.env["FAASTEN_TOKEN"] && { token: process.env["FAASTEN_TOKEN"] }),
    ...rest,
  });
  return {
    ended,
    stop() {
      asked.abort();
      return ended;
    },
  };
}

/** As `httpApi` has them: `GET /orders/{id}`. A path that ends in `*` is there without its rest too, and one with `cors` for its preflights. */
function routesOf(triggers: readonly TriggerSpec[]): readonly string[] {
  const routes = new Set<string>();
  const all = triggers.flatMap((on) => (on.kind === "http" ? [on] : []));
  for (const { method, path, cors } of all) {
    const written = path.replace(/:([^/]+)/g, "{$1}").replace(/\*$/, "{proxy+}");
    const paths = path.endsWith("/*") ? [written, written.slice(0, -"/{proxy+}".length) || "/"] : [written];
    for (const one of paths) {
      routes.add(`${method === "*" ? "*" : method} ${one}`);
      if (cors && method !== "*") routes.add(`OPTIONS ${one}`);
    }
  }
  return [...routes];
}
