// One warm call of a Lambda function, in CPU time of the thread; all bundles in this one process, each with its own code.
import { parseArgs } from "node:util";
import type { Bundle } from "./bundles.ts";
import { difference, figure, ratio, show, shuffled, table } from "./figures.ts";
import { check, context, events } from "./lambda.mjs";

const { values } = parseArgs({ options: { batches: { type: "string", default: "20" }, bundles: { type: "string" } } });
const bundles = JSON.parse(values.bundles ?? "[]") as readonly Bundle[];
/** Many, for the system may count CPU time in steps of 4 ms. */
const perBatch = 20_000;

const subjects = await Promise.all(
  bundles.map(async (bundle) => {
    const { handler } = (await import(bundle.file)) as { handler(event: unknown, context: unknown): Promise<unknown> };
    check(bundle.event, await handler(events[bundle.event](), context));
    return { ...bundle, handler, took: [] as number[] };
  }),
);
for (let batch = -3; batch < Number(values.batches); batch++) {
  for (const { handler, event, took } of shuffled(subjects)) {
    const make = events[event];
    const began = process.threadCpuUsage();
    for (let index = 0; index < perBatch; index++) await handler(make(), context);
    const { user, system } = process.threadCpuUsage(began);
    if (batch >= 0) took.push(((user + system) * 1000) / perBatch);
    await new Promise((resume) => setImmediate(resume));
  }
}
const rows = subjects.map(({ name, event, took }) => {
  const [own, , bare] = subjects.filter((other) => other.event === event);
  return [
    `${name}, ${event === "http" ? "HTTP" : "SQS"}`,
    show(figure(took)),
    show(difference(took, bare?.took ?? [])),
    name === own?.name ? "" : show(ratio(own?.took ?? [], took), 2),
  ];
});
console.log(table(["a Lambda function's warm call", "CPU ns", "over the bare one", "faasten / it"], rows));
