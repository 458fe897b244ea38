// From a call to its reply in this process: what the runtime adds to a handler, and where. In CPU time of the thread,
// which other work on the machine changes less than the clock's.
import { parseArgs } from "node:util";
import { serve } from "../../providers/aws/host.ts";
import { trigger as awsTrigger } from "../../providers/aws/triggers/http.ts";
import { trigger as localTrigger } from "../../providers/local/triggers/http.ts";
import type { Invocation } from "../../src/contracts/function.ts";
import { http } from "../../src/index.ts";
import { type App, type Call, createRunner, fromNode, type Trigger } from "../../src/provider.ts";
import { Response as LazyResponse } from "../../src/runtime/globals.ts";
import { difference, figure, show, shuffled, table, verdict } from "./figures.ts";
import { context, events } from "./lambda.mjs";

const { values } = parseArgs({
  options: { batches: { type: "string", default: "20" }, trigger: { type: "string", default: "aws" } },
});
/** Many, for the system may count CPU time in steps of 4 ms. */
const perBatch = 20_000;
const most = 2000;

type Handled = { readonly params: { readonly id: string }; readonly trace: object; readonly log: object };

/** It asks for trace and log as well, which are made only then. */
const handler = async (
  request: Pick<Request, "headers" | "json">,
  { params, trace, log }: Handled,
): Promise<Response> => {
  const { quantity } = (await request.json()) as { readonly quantity: number };
  if (trace === log) throw new Error("neither was made");
  return LazyResponse.json({ id: params.id, tenant: request.headers.get("x-tenant"), quantity: quantity + 1 });
};

const text = '{"quantity":1}';
const message = {
  method: "POST",
  url: "/orders/a1?from=bench",
  headers: { host: "127.0.0.1", "content-type": "application/json", "x-tenant": "blue", "content-length": "14" },
} as unknown as Parameters<typeof fromNode>[0]; // the four fields of an IncomingMessage that are read
const body = Buffer.from(text);
const event = events.http();
const aws = values.trigger === "aws";

const trigger: Trigger = aws ? awsTrigger : localTrigger;
const definition = http.post("/orders/:id", { access: "public" }, handler);
const served = { name: "order", definition, triggers: [trigger] };
const app: App = { service: "bench", functions: [served], components: {} };
const runner = createRunner(app, () => {});
const host = serve(app);

function callOf(deadline: number): Call<unknown> {
  return { id: "1", payload: aws ? event : fromNode(message, body), context: undefined, deadline };
}

const log = { debug() {}, info() {}, warn() {}, error() {} };
const invocation: Invocation = {
  service: "bench",
  function: "order",
  id: "1",
  deadline: 0,
  now: () => Date.now(),
  signal: new AbortController().signal,
  traceparent: "",
  log,
  native: callOf(0),
  open() {
    throw new Error("nothing is granted");
  },
  hold: () => () => undefined,
  conceal() {},
  redact: (text) => text,
};

/** A request and a context that cost nothing. */
const request = { headers: new Headers({ "x-tenant": "blue" }), json: async (): Promise<unknown> => JSON.parse(text) };
const given: Handled = { params: { id: "a1" }, trace: {}, log };

/** Each is the way up to there, and contains the one above. */
const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  "the handler": async () => handler(request, given),
  "… with a request of ours": async () => {
    const [arrival] = await trigger.decode(callOf(0));
    return arrival?.kind === "request" ? handler(arrival.request, given) : undefined;
  },
  "… its route, access and context": async () => {
    const [arrival] = await trigger.decode(callOf(0));
    return arrival?.kind === "request" ? definition.settle(arrival, invocation) : undefined;
  },
  "… and its reply": async () => {
    const [arrival] = await trigger.decode(callOf(0));
    return arrival?.kind === "request"
      ? trigger.encode([await definition.settle(arrival, invocation)], callOf(0))
      : undefined;
  },
  "the runner, no deadline": async () => runner.run(served, callOf(Number.POSITIVE_INFINITY)),
  "the runner, with a deadline": async () => runner.run(served, callOf(Date.now() + 30_000)),
  ...(aws && { "Lambda's host": async () => host(event, context) }),
};
const all = [...Object.entries(ways), ...Object.entries(ways).slice(-1)].map(([name, way], index, list) => ({
  name: index === list.length - 1 ? `${name}, again` : name,
  way,
  took: [] as number[],
}));

for (let batch = -3; batch < Number(values.batches); batch++) {
  for (const { way, took } of shuffled(all)) {
    const began = process.threadCpuUsage();
    for (let index = 0; index < perBatch; index++) await way();
    const { user, system } = process.threadCpuUsage(began);
    if (batch >= 0) took.push(((user + system) * 1000) / perBatch);
    await new Promise((resume) => setImmediate(resume));
  }
}
const rows = all.map(({ name, took }, index) => {
  const over = difference(took, all[0]?.took ?? []);
  const whole = index >= all.length - 2;
  return [name, show(figure(took)), show(over), whole ? `≤ ${most}: ${verdict(over.median <= most)}` : ""];
});
console.log(table([`from a call of ${values.trigger}'s to its reply`, "CPU ns", "over the handler", "target"], rows));
