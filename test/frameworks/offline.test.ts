// `sls offline`, alone and behind serverless-offline: the orders scenario, and a handler's messages by the invoke endpoint.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { scenario } from "../portable/scenario.ts";
import { type Steering, steering } from "../portable/steering.ts";
import {
  type Framework,
  frameworks,
  listPlugins,
  makeOrders,
  makeTemplate,
  type Process,
  type Project,
  versions,
} from "./project.ts";

/** What serverless-offline cannot, also where nothing of ours is there. */
const text = { "keeps a binary body byte for byte": "serverless-offline hands a body over as text" };
const lacking: Readonly<Record<Framework, Readonly<Record<string, string>>>> = {
  osls: text,
  three: {
    ...text,
    "answers by a Lambda handler that was there before":
      "serverless-offline 13 answers a reply with cookies with a 500",
  },
};

interface Offline {
  readonly project: Project;
  readonly process: Process;
  readonly url: string;
  control(method: string, path: string, body?: unknown): Promise<Response>;
  stop(): Promise<void>;
}

async function startOffline(project: Project, beside: boolean, command: readonly string[]): Promise<Offline> {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  if (beside) listPlugins(project, ["faasten/serverless", "serverless-offline"]);
  const flags = [
    "--httpPort",
    String(ports[0]),
    ...(beside ? ["--lambdaPort", String(ports[1]), "--noPrependStageInUrl"] : []),
  ];
  const process = project.start(...command, ...flags);
  const ready = beside ? /Server ready|Offline \[http for lambda\] listening/ : /answers on http/;
  let over = false;
  void process.ended.then(() => {
    over = true;
  });
  const patient = { timeout: 240_000, interval: 200 };
  await vi.waitFor(() => assert.ok(over || ready.test(process.said())), patient);
  if (over) throw new Error(process.said());
  const url = `http://localhost:${ports[0]}`;
  await vi.waitFor(() => fetch(url), patient);
  const address = JSON.parse(readFileSync(join(project.folder, ".faasten/local/dev.json"), "utf8")) as {
    readonly port: number;
    readonly token: string;
  };
  return {
    project,
    process,
    url,
    control: (method, path, body) =>
      fetch(`http://127.0.0.1:${address.port}/_faasten${path}`, {
        method,
        headers: { authorization: `Bearer ${address.token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    async stop() {
      process.child.kill("SIGINT");
      expect(await process.ended).toBe(0);
      await expect(fetch(`http://127.0.0.1:${address.port}`)).rejects.toThrow();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

for (const framework of frameworks) {
  for (const beside of [false, true]) {
    const plugins = beside ? ["serverless-offline"] : [];
    describe(`${versions[framework]}, ${beside ? "behind serverless-offline" : "alone"}`, () => {
      describe("sls offline serves the orders app", () => {
        const addresses = { app: "", control: "" };
        let running: Offline;
        let control: Steering;
        beforeAll(async () => {
          running = await startOffline(makeOrders(framework, plugins), beside, ["offline"]);
          control = await steering(running.control);
          Object.assign(addresses, { app: running.url, control: control.url });
        });
        afterAll(async () => {
          control?.close();
          await running?.stop();
        });
        const { http, events } = scenario(addresses);
        for (const { name, run } of [...http, ...events]) {
          const why = beside ? lacking[framework][name] : undefined;
          test(name, ({ skip }) => (why === undefined ? run() : skip(why)));
        }
      });

      test("sls offline start serves an ordinary project, and brings its handlers what comes through a queue", async () => {
        const running = await startOffline(makeTemplate("lambda-migration", framework, plugins), beside, [
          "offline",
          "start",
        ]);
        const reply = await fetch(`${running.url}/quotes/tea?quantity=2`);
        expect([reply.status, await reply.json()]).toEqual([200, { sku: "tea", total: 900, currency: "EUR" }]);
        // Its cookies are more than serverless-offline 13 can answer with.
        const made = await fetch(`${running.url}/quotes`, { method: "POST", body: '{"sku":"tea"}' });
        const answer = beside && framework === "three" ? [500, null] : [201, "last=tea; Path=/quotes"];
        expect([made.status, made.headers.get("set-cookie")]).toEqual(answer);
        const deliver = async (sku: string): Promise<unknown> => {
          const event = { specversion: "1.0", id: sku, source: "test", type: "quote", data: { sku, quantity: 1 } };
          return (await running.control("POST", "/functions/worker/deliver", { event })).json();
        };
        expect(await deliver("tea")).toMatchObject({ kind: "done" });
        expect(await deliver("gold")).toMatchObject({ kind: "retry" });
        await expect.poll(() => running.process.said(), { timeout: 10_000 }).toContain('{"worked":"tea","total":450}');
        expect(running.process.said().includes("λ: worker")).toBe(beside);
        await running.stop();
      });
    });
  }
}

test("a mistake in the app is told before serverless-offline starts, and ends it", async () => {
  const project = makeTemplate("http-api", "osls", ["serverless-offline"]);
  listPlugins(project, ["faasten/serverless", "serverless-offline"]);
  project.write(
    "src/functions.ts",
    'import { http } from "faasten";\nexport const one = http.get("/a/{b}", () => new Response());\n',
  );
  const { ended, said } = project.start("offline");
  expect(await ended).toBe(1);
  expect(said()).toMatch(/src\/functions\.ts:2/);
  expect(said()).toContain("the app has mistakes");
});
