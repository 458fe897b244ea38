// The scenario on `faasten dev`.
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyOrders, type Running, remove, startDev } from "../dev/running.ts";
import { whatRan } from "./ran.ts";
import { scenario } from "./scenario.ts";

let folder: string;
let running: Running;
let server: Server;
const addresses = { app: "", control: "" };

beforeAll(async () => {
  folder = copyOrders();
  running = await startDev(folder);
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", async () => {
      const { status, body } = await steer(request.method ?? "", request.url ?? "", Buffer.concat(parts).toString());
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  addresses.app = running.url;
  addresses.control = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});

afterAll(async () => {
  server.close();
  expect(await running.stop()).toBe(0);
  remove(folder);
});

test("what runs here is what runs elsewhere", async () => {
  await expect(whatRan()).toMatchFileSnapshot("ran.txt");
});

describe("the orders app on faasten dev", () => {
  const { http, events } = scenario(addresses);
  for (const { name, run } of [...http, ...events]) test(name, run);
});

/** What the scenario asks of a target, by `/_faasten/`. */
async function steer(method: string, url: string, text: string): Promise<{ status: number; body: string }> {
  const [, what, name = "", id = ""] = url.split("/");
  const deliver = (to: string, event: unknown) => running.control("POST", `/functions/${to}/deliver`, { event });
  const pass = async (response: Response) => ({ status: response.status, body: await response.text() });
  if (method === "GET" && what === "dead-letters")
    return pass(await running.control("GET", `/functions/${name}/dead-letters`));
  if (what === "redrive") return pass(await running.control("POST", `/functions/${name}/dead-letters/${id}/redrive`));
  const {
    function: to,
    event,
    events = [event],
  } = JSON.parse(text) as { function: string; event?: unknown; events?: unknown[] };
  if (what === "batch") {
    const outcomes = await Promise.all(events.map(async (one) => (await deliver(to, one)).json()));
    return { status: 200, body: JSON.stringify(outcomes.map(({ kind }: { kind: string }) => kind === "done")) };
  }
  if (what === "duplicate") await Promise.all([deliver(to, event), deliver(to, event)]);
  else for (const one of what === "reorder" ? events.toReversed() : events) await deliver(to, one);
  return { status: 200, body: "{}" };
}
