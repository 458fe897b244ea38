// A process of its own: two of three functions that run at once leave a rejection alone, one before and one after its reply.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "../../../providers/local/host.ts";
import { trigger } from "../../../providers/local/triggers/http.ts";
import * as http from "../../../src/functions/http.ts";

const lines: string[] = [];
const sleep = (milliseconds: number): Promise<void> => new Promise((resume) => setTimeout(resume, milliseconds));
const functions = {
  healthy: http.get("/healthy/*", async () => {
    await sleep(150);
    return new Response("well");
  }),
  stray: http.get("/stray/*", async () => {
    void sleep(20).then(() => {
      throw new Error("left alone");
    });
    await sleep(150);
    return new Response("too late");
  }),
  late: http.get("/late/*", () => {
    void sleep(50).then(() => Promise.reject(new Error("left behind")));
    return new Response("gone");
  }),
};

const local = serve(
  {
    service: "tests",
    functions: Object.entries(functions).map(([name, definition]) => ({ name, definition, triggers: [trigger] })),
    components: {},
  },
  { sink: (line) => lines.push(line) },
);
await local.start();
const server = createServer(local.answer).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const names = ["healthy", "stray", "late", "healthy", "stray", "healthy"];
const replies = await Promise.all(
  names.map(async (name, index) => {
    const { status } = await fetch(`${base}/${name}/${index}`);
    return [name, status];
  }),
);
await sleep(100);
server.close();
await local.stop();
console.log(JSON.stringify({ replies, lines: lines.map((line) => JSON.parse(line) as unknown) }));
process.exit(0);
