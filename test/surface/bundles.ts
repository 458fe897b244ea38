// How much of a function's bundle is ours: two small functions, bundled as a build would do it.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { root, toSource } from "./source.ts";

export interface Measured {
  /** Minified bytes of `src/` in the bundle. */
  readonly bytes: number;
  /** File → its minified bytes, the heaviest first. */
  readonly heaviest: readonly (readonly [string, number])[];
  /** What the bundle loads with itself: of Node, or of npm. */
  readonly loads: readonly string[];
  /** Files of npm that are in it. */
  readonly packages: readonly string[];
}

/** What a generated entry adds around the user's own function, with a trigger and components that weigh nothing. */
const served = `
const runner = createRunner({
  service: "orders",
  functions: [{ name: "it", definition: it, triggers: [trigger] }],
  components: {
    orders: { type: "state.x", create: prefixed(() => components.orders), metadata: {} },
    pubsub: { type: "pubsub.x", create: () => components.pubsub, metadata: {} },
  },
});
export const handler = (payload, context) => runner.run(served, { id: "1", payload, context, deadline: 1 });
`;

export const httpStatePublish = `
import { http, state, topic } from "faasten";
import { createRunner, toBuffered, toReply, toRequest } from "faasten/provider";
import { Response } from "faasten/globals";
import { prefixed } from "./src/blocks/prefix.ts";
import { components } from "components";
const orders = state("orders"), placed = topic("order.placed");
const it = http.post(
  "/orders",
  { access: "public", uses: { orders: orders.readWrite, placed: placed.publish } },
  async (request, { orders, placed }) => {
    const body = await request.json();
    await orders.set(body.id, body);
    await placed.publish(body);
    return Response.json(body, { status: 201 });
  },
);
const trigger = {
  name: "x.http",
  accepts: () => true,
  decode: ({ payload }) => [{ kind: "request", path: payload.path, request: toRequest(payload) }],
  encode: async ([outcome]) => toBuffered(toReply(outcome.response)),
};
${served}`;

export const subscriberState = `
import { state, topic } from "faasten";
import { createRunner, fromStructured, Redeliver } from "faasten/provider";
import { prefixed } from "./src/blocks/prefix.ts";
import { components } from "components";
const orders = state("orders"), placed = topic("order.placed");
const it = placed.subscribe({ uses: { orders: orders.readWrite } }, async (event, { orders }) => {
  await orders.update(event.data.id, (order) => ({ ...order, shipped: true }));
});
const trigger = {
  name: "x.queue",
  accepts: () => true,
  decode: ({ payload }) => [{ kind: "event", event: fromStructured(payload.body) }],
  encode: ([outcome]) => { if (outcome.kind === "retry") throw new Redeliver(outcome.reason); },
};
${served}`;

export async function measure(entry: string): Promise<Measured> {
  const { metafile, outputFiles } = await build({
    stdin: { contents: entry, resolveDir: fileURLToPath(root), sourcefile: "entry.js" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node22",
    mainFields: ["module", "main"],
    conditions: ["faasten-source"],
    external: ["components"],
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const [output] = Object.values(metafile.outputs);
  const inputs = Object.entries(output?.inputs ?? {}).map(
    ([file, { bytesInOutput }]) => [file, bytesInOutput] as const,
  );
  const ours = inputs.filter(([file, bytes]) => file.startsWith("src/") && bytes > 0).sort(([, a], [, b]) => b - a);
  return {
    bytes: ours.reduce((sum, [, bytes]) => sum + bytes, 0),
    heaviest: ours,
    loads: toSource("bundle.mjs", outputFiles[0]?.text ?? "")
      .imports.filter(({ to, dynamic }) => !dynamic && to !== "components")
      .map(({ to }) => to),
    packages: inputs.filter(([file, bytes]) => file.includes("node_modules/") && bytes > 0).map(([file]) => file),
  };
}
