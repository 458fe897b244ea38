// An app's HTTP functions behind a node:http server of this process.
import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { http, topic } from "../../../src/index.ts";
import { createRunner, createWeb, FaastenError, httpTrigger, type Served } from "../../../src/provider.ts";

let server: Server | undefined;
const lines: string[] = [];

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  lines.length = 0;
});

const served = (name: string, definition: Served["definition"]): Served => ({
  name,
  definition,
  triggers: [httpTrigger("test.http")],
});
const functions: readonly Served[] = [
  served(
    "subscriber",
    topic("t").subscribe(() => {}),
  ),
  served(
    "greet",
    http.get("/greet/:name", (_request, { params }) => new Response(`hello ${params.name}`)),
  ),
  served(
    "breaks",
    http.get("/breaks", { stream: true }, () => new Response(failing())),
  ),
  served(
    "whole",
    http.get("/whole", () => new Response(failing())),
  ),
  served(
    "where",
    http.post("/where", (request) => new Response(request.url)),
  ),
];

/** Gives one part, then fails. */
function failing(): ReadableStream<Uint8Array> {
  let parts = 0;
  return new ReadableStream({
    async pull(controller) {
      if (parts++ === 0) controller.enqueue(new TextEncoder().encode("half"));
      else throw new Error("out of paper");
    },
  });
}

async function start(run?: () => Promise<unknown>): Promise<string> {
  const runner = createRunner({ service: "s", functions, components: {} }, (line) => lines.push(line));
  const web = createWeb({
    functions,
    protocol: "https",
    journal: runner.journal,
    run: run ?? ((one, payload) => runner.run(one, { id: "1", payload, context: {}, deadline: Date.now() + 10_000 })),
  });
  const listening = createServer((request, response) => void web(request, response));
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const address = listening.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

test("a request reaches the function whose route it is, whatever else there is", async () => {
  expect(await (await fetch(`${await start()}/greet/you`)).text()).toBe("hello you");
});

test("the URL says what clients speak", async () => {
  expect(await (await fetch(`${await start()}/where?a=1`, { method: "POST" })).text()).toMatch(
    /^https:\/\/127\.0\.0\.1:\d+\/where\?a=1$/,
  );
});

test.each([
  ["GET", "/nowhere", 404, "NOT_FOUND"],
  ["POST", "/greet/you", 405, "UNSUPPORTED"],
  ["GET", "/greet/%zz", 400, "INVALID"],
])("%s %s is answered with %i", async (method, path, status, code) => {
  const reply = await fetch((await start()) + path, { method });
  expect(reply.status).toBe(status);
  expect(await reply.json()).toMatchObject({ status, code });
  expect(lines).toEqual([]);
});

test("what a call was rejected with is told only where it is the caller's business", async () => {
  const refused = await fetch(`${await start(() => Promise.reject(new FaastenError("TOO_LARGE", "too long")))}/where`, {
    method: "POST",
  });
  expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([413, "too long"]);
  expect(lines).toEqual([]);
});

test.each([
  ["an error", new Error("an inner matter")],
  ["an error of our own", new FaastenError("MISCONFIGURED", "an inner matter")],
])("what went wrong inside is logged, and not told: %s", async (_name, error) => {
  const origin = await start(() => Promise.reject(error));
  const reply = await fetch(`${origin}/where`, { method: "POST" });
  expect(reply.status).toBe(500);
  expect(await reply.text()).not.toContain("an inner matter");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ function: "where" }]);
  expect(lines.join()).toContain("an inner matter");
});

test("a reply that breaks off is cut off, and logged", async () => {
  const reply = await fetch(`${await start()}/breaks`);
  expect(reply.status).toBe(200);
  await expect(reply.text()).rejects.toThrow();
  await expect.poll(() => lines.join()).toContain("out of paper");
  expect(lines.map((line) => (JSON.parse(line) as { function: unknown }).function)).toEqual(["breaks", "breaks"]);
});

test("a body that breaks before anything is sent is an error", async () => {
  expect((await fetch(`${await start()}/whole`)).status).toBe(500);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ message: "failed", function: "whole" }]);
});
