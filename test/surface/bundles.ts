// How much of a function's bundle is ours: two small apps, built as any is.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "../../src/build/build.ts";
import { root, toSource } from "./source.ts";

export interface Measured {
  /** Minified bytes of `src/` in the bundle. */
  readonly bytes: number;
  /** Module → its minified bytes, the heaviest first. */
  readonly heaviest: readonly (readonly [string, number])[];
  /** What the bundle loads with itself: of Node, or of npm. */
  readonly loads: readonly string[];
  /** Packages of npm that are in it. */
  readonly packages: readonly string[];
}

export const httpStatePublish = `
import { http, state, topic } from "faasten";
const orders = state("orders"), placed = topic("order.placed");
export const it = http.post(
  "/orders",
  { access: "public", uses: { orders: orders.readWrite, placed: placed.publish } },
  async (request, { orders, placed }) => {
    const body = await request.json();
    await orders.set(body.id, body);
    await placed.publish(body);
    return Response.json(body, { status: 201 });
  },
);`;

export const subscriberState = `
import { state, topic } from "faasten";
const orders = state("orders"), placed = topic("order.placed");
export const it = placed.subscribe({ uses: { orders: orders.readWrite } }, async (event, { orders }) => {
  await orders.update(event.data.id, (order) => ({ ...order, shipped: true }));
});`;

/** Of an app whose one function is called `it`. */
export async function measure(app: string): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "faasten-measured-"));
  try {
    symlinkSync(new URL("node_modules", root), join(folder, "node_modules"));
    for (const [file, text] of Object.entries({
      "serverless.yml": manifest,
      "components/memory.yaml": memory,
      "src/app.js": app,
    })) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    const { output, weights } = await build({ folder, target: "aws" });
    const { modules = {}, rooms = {} } = weights["it"] ?? {};
    const bundle = readFileSync(join(output, "functions/it/index.mjs"), "utf8");
    return {
      bytes: rooms["src"] ?? 0,
      heaviest: Object.entries(modules)
        .filter(([module]) => module.startsWith("src/"))
        .sort(([, a], [, b]) => b - a),
      loads: toSource("bundle.mjs", bundle)
        .imports.filter(({ dynamic }) => !dynamic)
        .map(({ to }) => to),
      packages: Object.keys(rooms).filter((room) => room.startsWith("npm:")),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const manifest = `
service: shop
provider: { name: aws }
custom: { faasten: { entry: [src/app.js] } }
`;

/** No cloud's own: what is measured is ours. */
const memory = ["state orders", "pubsub pubsub"]
  .map((line) => line.split(" "))
  .map(
    ([block, name]) => `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: ${name} }
spec: { type: ${block}.in-memory, version: v1 }
`,
  )
  .join("---");
