// What the bridge costs: a Lambda handler called with a ready event, and the same one behind a neutral request or message, there
// and back. In CPU time of the thread.
import { parseArgs } from "node:util";
import type { Definition, Invocation } from "../../src/contracts/function.ts";
import type { EventArrival, RequestArrival } from "../../src/contracts/trigger.ts";
import { http, type LambdaEvent, lambda, topic } from "../../src/index.ts";
import { toReply, toRequest } from "../../src/provider.ts";
import { figure, ratio, show, shuffled, table } from "./figures.ts";
import { events } from "./lambda.mjs";

const { values } = parseArgs({ options: { batches: { type: "string", default: "20" } } });
/** Many, for the system may count CPU time in steps of 4 ms. */
const perBatch = 20_000;

type Given = { readonly body: string; readonly headers?: object; readonly multiValueHeaders?: object };

type Batch = { readonly Records: readonly { readonly body: string }[] };

/** Reads the body and a header, as a handler does. */
const answers = async ({ body, headers, multiValueHeaders }: Given): Promise<object> => {
  const { quantity } = JSON.parse(body) as { readonly quantity: number };
  const tenant = String(Reflect.get(headers ?? multiValueHeaders ?? {}, "x-tenant"));
  const reply = { statusCode: 200, body: JSON.stringify({ tenant, quantity: quantity + 1 }) };
  return headers
    ? { ...reply, headers: { "content-type": "application/json" } }
    : { ...reply, multiValueHeaders: { "content-type": ["application/json"] } };
};
const handles = async ({ Records }: Batch): Promise<object> => {
  for (const { body } of Records) if (JSON.parse(body).data.id !== "a1") throw new Error("another message");
  return { batchItemFailures: [] };
};

const none = (): never => {
  throw new Error("nothing is granted");
};
const log = { debug() {}, info() {}, warn() {}, error() {} };
const invocation: Invocation = {
  ...{ service: "bench", function: "order", id: "1", deadline: Date.now() + 3_600_000, traceparent: "", log },
  signal: new AbortController().signal,
  native: { id: "1", payload: undefined, context: undefined, deadline: 0 },
  open: none,
  hold: () => () => undefined,
  now: Date.now,
  conceal() {},
  redact: (text) => text,
};

const { headers } = events.http() as Given & { readonly headers: Readonly<Record<string, string>> };

function asked(): RequestArrival {
  const request = toRequest({
    method: "POST",
    url: () => "https://api.example/orders/a1?from=bench",
    headers,
    body: '{"quantity":1}',
  });
  return { kind: "request", path: "/orders/a1", request };
}

const data = { json: '{"id":"a1","quantity":1}' };
const message: EventArrival = {
  kind: "event",
  event: { specversion: "1.0", id: "e1", source: "bench", type: "order.placed", data },
};

async function request(definition: Definition): Promise<void> {
  const outcome = await definition.settle(asked(), invocation);
  if (outcome.kind !== "reply" || toReply(outcome.response).status !== 200) throw new Error("not the expected reply");
}

async function batch(definition: Definition): Promise<void> {
  const [outcome] = (await definition.settleMany?.([message], invocation)) ?? [];
  if (outcome?.kind !== "done") throw new Error("not done");
}

const shapes: readonly LambdaEvent[] = ["apigw.v2", "apigw.v1", "alb", "alb.multi", "url"];
const onOrders = http.post("/orders/:id", { access: "public" });
const subjects = [
  { name: "a request", way: async () => answers(events.http() as Given), took: [] as number[] },
  ...shapes.map((event) => {
    const definition = lambda(answers, { on: onOrders, event });
    return { name: `… as ${event}`, way: () => request(definition), took: [] as number[] };
  }),
];
const onTopic = lambda(handles, { on: topic("order.placed"), event: "sqs" });
const messages = [
  { name: "a message", way: async () => handles(events.sqs() as Batch), took: [] as number[] },
  { name: "… as sqs", way: () => batch(onTopic), took: [] as number[] },
];

for (let batch = -3; batch < Number(values.batches); batch++) {
  for (const { way, took } of shuffled([...subjects, ...messages])) {
    const began = process.threadCpuUsage();
    for (let index = 0; index < perBatch; index++) await way();
    const { user, system } = process.threadCpuUsage(began);
    if (batch >= 0) took.push(((user + system) * 1000) / perBatch);
    await new Promise((resume) => setImmediate(resume));
  }
}
const rows = [subjects, messages].flatMap((group) =>
  group.map(({ name, took }, index) => [
    index === 0 ? `the handler alone, ${name}` : name,
    show(figure(took)),
    index === 0 ? "" : show(ratio(took, group[0]?.took ?? []), 1),
  ]),
);
console.log(table(["a wrapped Lambda handler, there and back", "CPU ns", "it / the handler alone"], rows));
