// Bindings in a running app: what functions store, what comes to them, and how the command line reaches them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ask } from "./ask.ts";
import { type Ended, runFaasten } from "./command.ts";
import { makeApp, type Running, remove, save, startDev } from "./running.ts";

vi.setConfig({ testTimeout: 60_000 });

const app = `
import { binding, http, state } from "faasten";

const seen = state<unknown>("seen");
const receipts = binding("receipts");
const uploads = binding("uploads");

export const putReceipt = http.put("/receipts/*", { uses: { receipts: receipts.output("create") } }, async (request, { params, receipts }) => {
  const { key } = await receipts.create(await request.bytes(), { key: decodeURIComponent(params["*"]), contentType: request.headers.get("content-type") ?? "none" });
  return Response.json({ key }, { status: 201 });
});
export const getReceipt = http.get("/receipts/*", { uses: { receipts: receipts.output("get") } }, async (_request, { params, receipts }) => {
  const found = await receipts.get(decodeURIComponent(params["*"]));
  return found ? new Response(found.bytes, { headers: { "content-type": found.contentType ?? "" } }) : new Response(null, { status: 404 });
});
export const upload = http.post("/uploads/*", { uses: { uploads: uploads.output("create", "delete") } }, async (request, { params, uploads }) => {
  await uploads.create(await request.bytes(), { key: params["*"] });
  if (params["*"] === "gone") await uploads.delete("gone");
  return new Response(null, { status: 204 });
});
export const taken = uploads.input({ attempts: 3, uses: { seen: seen.readWrite, uploads: uploads.output("get") } }, async (event, { seen, uploads }) => {
  const { key, change } = event.data;
  if (key === "bad") return event.dead("bad");
  if (key === "late" && event.attempt !== 3) return event.retry({ after: "10ms" });
  await seen.set(key, { change, attempt: event.attempt, text: (await uploads.get(key))?.text() ?? null });
});
export const beaten = binding("beat").input({ attempts: 2, uses: { seen: seen.readWrite } }, async (event, { seen }) => {
  if (event.time?.startsWith("1999")) throw new Error("too old");
  await seen.set("beat", { id: event.id, time: event.time, data: event.data ?? null });
});
export const share = http.post("/share/:operation", { uses: { receipts: receipts.output("presign") } }, async (request, { params, receipts }) => {
  const operation = params.operation === "create" ? "create" : "get";
  return new Response(await receipts.presign(await request.text(), { operation, expiresIn: "1m" }));
});
export const read = http.get("/seen/:id", { uses: { seen: seen.read } }, async (_request, { params, seen }) =>
  Response.json((await seen.get(params.id))?.value ?? null));
`;
const yaml = `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: beat }
spec:
  type: bindings.cron
  version: v1
  metadata: [{ name: schedule, value: "0 0 3 * * *" }]
`;

let folder: string;
let running: Running;

beforeAll(async () => {
  folder = makeApp({
    "serverless.yml": "service: shop\nprovider: { name: aws }\ncustom: { faasten: { entry: ['src/*.ts'] } }\n",
    "src/app.ts": app,
    "components/beat.yaml": yaml,
  });
  running = await startDev(folder);
});

afterAll(async () => {
  expect(await running.stop()).toBe(0);
  remove(folder);
});

const send = (path: string, init?: RequestInit): Promise<Response> => fetch(`${running.url}${path}`, init);
const seen = async (key: string): Promise<unknown> => (await send(`/seen/${key}`)).json();

async function faasten(...args: readonly string[]): Promise<Ended> {
  return runFaasten(folder, args).ended;
}

test("an object lies in the app's own folder, and comes back with its type", async () => {
  const headers = { "content-type": "image/x" };
  const put = await send("/receipts/2026/a%20b.png", { method: "PUT", headers, body: new Uint8Array([0, 255, 10]) });
  expect([put.status, await put.json()]).toEqual([201, { key: "2026/a b.png" }]);
  expect(readFileSync(join(folder, ".faasten/local/bindings/receipts/2026/a b.png"))).toEqual(
    Buffer.from([0, 255, 10]),
  );
  const got = await send("/receipts/2026/a%20b.png");
  expect([got.headers.get("content-type"), await got.bytes()]).toEqual(["image/x", new Uint8Array([0, 255, 10])]);
  expect((await send("/receipts/none")).status).toBe(404);
});

test("no request leads out of it", async () => {
  for (const path of ["..%2F..%2F..%2Fescaped", "%2Ftmp%2Fescaped", "a%2F..%2F..%2F..%2Fescaped", "%00escaped"])
    expect((await send(`/receipts/${path}`, { method: "PUT", body: "x" })).status, path).toBeLessThan(500);
  for (const name of [
    "escaped",
    "../escaped",
    ".faasten/escaped",
    ".faasten/local/escaped",
    ".faasten/local/bindings/escaped",
  ])
    expect(existsSync(join(folder, name)), name).toBe(false);
});

test("what is created, deleted, or put there by hand triggers; a retry comes again, the dead do not and are logged", async () => {
  for (const key of ["one", "late", "bad", "gone"])
    await send(`/uploads/${key}`, { method: "POST", body: `of ${key}` });
  save(folder, ".faasten/local/bindings/uploads/by/hand", "hand");
  const poll = { timeout: 20_000 };
  await expect.poll(() => seen("one"), poll).toEqual({ change: "created", attempt: 1, text: "of one" });
  await expect.poll(() => seen("late"), poll).toEqual({ change: "created", attempt: 3, text: "of late" });
  await expect.poll(() => seen("gone"), poll).toMatchObject({ change: "deleted", text: null });
  await expect.poll(() => seen("by%2Fhand"), poll).toEqual({ change: "created", attempt: 1, text: "hand" });
  await running.said(/"message":"dead".*"reason":"bad"/);
  expect(await seen("bad")).toBeNull();
});

test("a signed address: without the token, for one object and one thing; no app sees it", async () => {
  const sign = async (operation: string): Promise<string> =>
    (await send(`/share/${operation}`, { method: "POST", body: "shared/a b" })).text();
  const [toWrite, toRead] = [await sign("create"), await sign("get")];
  expect(toRead).toContain(`${running.url}/_faasten/bindings/receipts?`);
  const headers = { "content-type": "text/html" };
  expect((await fetch(toWrite, { method: "PUT", headers, body: "<b>hi</b>" })).status).toBe(200);
  const response = await fetch(toRead);
  expect([response.status, await response.text()]).toEqual([200, "<b>hi</b>"]);
  expect(response.headers.get("content-type")).toBe("text/html");
  expect(response.headers.get("content-security-policy")).toBe("sandbox");
  expect(response.headers.get("access-control-allow-origin")).toBeNull();
  const refusals: readonly (readonly [string, RequestInit?])[] = [
    [toRead, { method: "PUT", body: "x" }],
    [toRead.replace("shared", "other")],
    [toRead, { headers: { origin: "https://evil.example" } }],
    [`${running.url}/_faasten/bindings/receipts`],
  ];
  for (const [address, init] of refusals) expect((await fetch(address, init)).status, address).toBe(403);
  expect(
    (
      await ask(running.url, {
        path: new URL(toRead).pathname + new URL(toRead).search,
        headers: { host: "evil.example" },
      })
    ).status,
  ).toBe(403);
  for (const path of ["uploads", "receipts/", "receipts/x", "../functions"])
    expect((await fetch(`${running.url}/_faasten/bindings/${path}`)).status, path).toBe(401);
  const large = await fetch(toWrite, { method: "PUT", body: new Uint8Array(64 * 1024 * 1024 + 1) }).catch(
    () => undefined,
  );
  expect([413, undefined]).toContain(large?.status);
  expect(await (await fetch(toRead)).text()).toBe("<b>hi</b>");
});

test("it is listed with its operations, its trigger, and its clock", async () => {
  const listed = JSON.parse((await faasten("functions")).stdout.toString()) as readonly { readonly name: string }[];
  const find = (name: string) => listed.find((one) => one.name === name);
  expect(find("upload")).toMatchObject({
    uses: [{ as: "uploads", block: "bindings", right: "output", operations: ["create", "delete"] }],
  });
  expect(find("taken")).toMatchObject({ on: { kind: "binding", binding: "uploads", attempts: 3 } });
  expect(find("beaten")).toMatchObject({ on: { kind: "binding", binding: "beat", attempts: 2, cron: "0 3 * * *" } });
  expect(running.output()).toMatch(/taken +on uploads/);
  expect(running.output()).toMatch(/beaten +at 0 3 \* \* \*/);
});

test("invoke: a change is delivered, a clock is rung at an instant", async () => {
  const data = JSON.stringify({ change: "created", key: "told", size: 1 });
  const delivered = await faasten("invoke", "taken", "--data", data);
  expect([delivered.code, delivered.stdout.toString()]).toEqual([0, '{"kind":"done"}\n']);
  expect(await seen("told")).toMatchObject({ change: "created", text: null });
  const rung = await faasten("invoke", "beaten", "--time", "2026-01-31T03:00:00Z");
  expect([rung.code, rung.stdout.toString()]).toEqual([0, '{"kind":"done"}\n']);
  const time = "2026-01-31T03:00:00.000Z";
  expect(await seen("beat")).toEqual({ id: `beaten/${time}`, time, data: null });
  expect((await faasten("invoke", "beaten", "--time", "1999-01-31T03:00:00Z")).code).toBe(1);
  expect((await faasten("invoke", "beaten", "--data", "1")).stderr).toContain(
    "beaten is a schedule, which takes --time",
  );
  expect((await faasten("dead-letters", "beaten")).stderr).toContain("beaten runs by the clock");
});

test("dead-letters: what an input gave up, and sent back", async () => {
  await send("/uploads/bad", { method: "POST", body: "of bad" });
  const letters = async (): Promise<readonly { readonly id: string; readonly faastenreason: string }[]> =>
    JSON.parse((await faasten("dead-letters", "taken")).stdout.toString());
  await expect.poll(async () => (await letters()).length, { timeout: 20_000 }).toBeGreaterThan(0);
  const [letter] = await letters();
  expect(letter).toMatchObject({ faastenreason: "bad", faastenfunction: "taken", data: { key: "bad" } });
  const back = await faasten("dead-letters", "taken", "--redrive", letter?.id ?? "");
  expect([back.code, back.stderr.toString()]).toEqual([0, "1 back in the inbox of taken\n"]);
  await expect.poll(async () => (await letters()).some(({ id }) => id === letter?.id), { timeout: 20_000 }).toBe(true);
});
