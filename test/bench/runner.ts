// From a call to its reply in this process, without a server: what the runtime adds to a bare handler, and where. In CPU
// time of the thread, which other work on the machine changes less than the clock's.
import { parseArgs } from "node:util";
import { trigger } from "../../providers/local/triggers/http.ts";
import type { Invocation } from "../../src/contracts/function.ts";
import { http } from "../../src/index.ts";
import type { RoutedRequest } from "../../src/provider.ts";
import { type App, type Call, createRunner, fromNode, type Served } from "../../src/provider.ts";
import { Response as LazyResponse } from "../../src/runtime/globals.ts";
import { figure, show, shuffled, table } from "./figures.ts";

const { values } = parseArgs({ options: { batches: { type: "string", default: "30" } } });
const perBatch = 10_000;

const handler = async (
  request: Request,
  { params }: { readonly params: { readonly id: string } },
): Promise<Response> => {
  const { quantity } = (await request.json()) as { readonly quantity: number };
  return LazyResponse.json({ id: params.id, tenant: request.headers.get("x-tenant"), quantity: quantity + 1 });
};

const definition = http.post("/orders/:id", { access: "public" }, handler);
const served: Served = { name: "order", definition, triggers: [trigger] };
const app: App = { service: "bench", functions: [served], components: {} };
const runner = createRunner(app, () => {});
const message = {
  method: "POST",
  url: "/orders/a1?from=bench",
  headers: { host: "127.0.0.1", "content-type": "application/json", "x-tenant": "blue", "content-length": "14" },
} as unknown as Parameters<typeof fromNode>[0]; // the four fields of an IncomingMessage that are read
const body = Buffer.from('{"quantity":1}');

function callOf(deadline: number): Call<RoutedRequest> {
  return { id: "1", payload: fromNode(message, body), context: undefined, deadline };
}

const invocation: Invocation = {
  service: "bench",
  function: "order",
  id: "1",
  deadline: 0,
  signal: new AbortController().signal,
  traceparent: "",
  log: { debug() {}, info() {}, warn() {}, error() {} },
  native: callOf(0),
  open() {
    throw new Error("nothing is granted");
  },
  conceal() {},
  redact: (text) => text,
};

/** Each is the way up to there; differences are the parts. */
const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  "request and bare handler": async () => handler(fromNode(message, body).request, { params: { id: "a1" } }),
  "… and reply": async () => {
    const response = await handler(fromNode(message, body).request, { params: { id: "a1" } });
    return trigger.encode([{ kind: "reply", response }], callOf(0));
  },
  "definition alone (route, access, context)": async () =>
    definition.settle({ kind: "request", ...fromNode(message, body) }, invocation),
  "runner, no deadline": async () => runner.run(served, callOf(Number.POSITIVE_INFINITY)),
  "runner, with a deadline": async () => runner.run(served, callOf(Date.now() + 30_000)),
};

const took = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
for (let batch = -3; batch < Number(values.batches); batch++) {
  for (const [name, way] of shuffled(Object.entries(ways))) {
    const began = process.threadCpuUsage();
    for (let index = 0; index < perBatch; index++) await way();
    const { user, system } = process.threadCpuUsage(began);
    if (batch >= 0) took.get(name)?.push(((user + system) * 1000) / perBatch);
    await new Promise((resume) => setImmediate(resume));
  }
}
const bare = figure(took.get("request and bare handler") ?? []).median;
console.log(
  table(
    ["from a call to its reply, in one process", "CPU ns", "over the handler"],
    [...took].map(([name, list]) => [name, show(figure(list)), Math.round(figure(list).median - bare).toString()]),
  ),
);
