// Settings and services of running apps: set from the shell, called within one app and from another beside it.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { runFaasten } from "./command.ts";
import { type Running, repository, save, startDev } from "./running.ts";

vi.setConfig({ testTimeout: 60_000 });

const manifest = (service: string): string =>
  `service: ${service}\nprovider: { name: aws }\ncustom: { faasten: { entry: ['src/*.ts'] } }\n`;

const billingApp = `
import { http, service } from "faasten";
export const invoice = http.get("/invoices/:id", { access: "service" }, (request, { params, caller, trace }) =>
  Response.json({ id: params.id, caller: caller?.subject, trace: trace.id, language: request.headers.get("accept-language"),
    forwarded: request.headers.get("x-forwarded-for") }));
export const bill = http.post("/invoices", { access: "service" }, async (request) =>
  Response.json(await request.json(), { status: 201, headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] }));
export const moved = http.get("/moved", { access: "service" }, () =>
  new Response(null, { status: 307, headers: { location: "/invoices/9" } }));
export const slow = http.get("/slow", { access: "service" }, async () => {
  await new Promise((resume) => setTimeout(resume, 60_000).unref());
  return new Response("late");
});
export const open = http.get("/open", { access: "public" }, () => new Response("open"));
`;

const shopApp = `
import { configuration, http, service } from "faasten";
const billing = service<typeof import("../../billing/src/app.ts")>("billing");
const shop = service("shop", { component: "myself" });
const nobody = service("nobody");
const flags = configuration(["flag", "limit"], { freshness: "0s" });
export const ask = http.get("/ask/:id", { access: "public", uses: { billing } }, (request, { billing, params }) =>
  billing.fetch("/invoices/:id", { params: { id: params.id }, headers: request.headers }));
export const order = http.post("/order", { access: "public", uses: { billing } }, async (request, { billing }) =>
  billing.fetch("/invoices", { method: "POST", json: await request.json() }));
export const moved = http.get("/moved", { access: "public", uses: { billing } }, async (_request, { billing }) => {
  const { status, headers } = await billing.fetch("/moved");
  return Response.json({ status, location: headers.get("location") });
});
export const patience = http.get("/patience", { access: "public", uses: { billing } }, async (_request, { billing }) => {
  await billing.fetch("/slow", { signal: AbortSignal.timeout(50) });
  return new Response("never");
});
export const own = http.get("/own/*", { access: "public", uses: { shop } }, async (_request, { shop, params }) =>
  shop.fetch("/inside/*", { params: { "*": params["*"] } }));
export const inside = http.get("/inside/:id", { access: "service" }, (_request, { params, caller, trace }) =>
  Response.json({ id: params.id, caller, trace: trace.id }, { headers: { "x-inside": "yes" } }));
export const anywhere = http.get("/anywhere/*", { access: "public", uses: { billing } }, (request, { billing }) =>
  billing.fetch(new URL(request.url).pathname.slice("/anywhere".length)));
export const lost = http.get("/lost", { access: "public", uses: { nobody } }, (_request, { nobody }) => nobody.fetch("/"));
export const settings = http.get("/settings", { access: "public", uses: { flags } }, async (_request, { flags }) =>
  Response.json(await flags.get()));
`;

const myself = `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: myself }
spec:
  type: invocation.local
  version: v1
  metadata: [{ name: appId, value: shop }]
`;

let root: string;
let shop: Running;
let billing: Running;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "faasten-services-"));
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
  for (const [name, app] of Object.entries({ billing: billingApp, shop: shopApp })) {
    mkdirSync(join(root, name));
    save(join(root, name), "serverless.yml", manifest(name));
    save(join(root, name), "src/app.ts", app);
  }
  save(join(root, "shop"), "components/local/myself.yaml", myself);
  save(join(root, "shop"), "configuration.json", '{"limit": 10}');
  [billing, shop] = await Promise.all([
    startDev(join(root, "billing"), { token: "the token of billing" }),
    startDev(join(root, "shop"), { token: "the token of shop" }),
  ]);
});
afterAll(async () => {
  await Promise.all([shop?.stop(), billing?.stop()]);
  rmSync(root, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${shop.url}${path}`, { headers, redirect: "manual" });

describe("another app", () => {
  test("takes us for a service, in the same trace, and hears nothing of who called us", async () => {
    const trace = "0af7651916cd43dd8448eb211c80319c";
    const reply = await get("/ask/7", {
      traceparent: `00-${trace}-b7ad6b7169203331-01`,
      authorization: "Bearer somebody's",
      "x-forwarded-for": "1.2.3.4",
      "accept-language": "fr",
    });
    expect(await reply.json()).toEqual({ id: "7", caller: "shop", trace, language: "fr", forwarded: null });
    const alone = await fetch(`${billing.url}/invoices/7`);
    expect(alone.status).toBe(401);
  });

  test("has its reply handed on as it is, cookies and all", async () => {
    const reply = await fetch(`${shop.url}/order`, { method: "POST", body: '{"n": "é"}' });
    expect(reply.status).toBe(201);
    expect(reply.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await reply.json()).toEqual({ n: "é" });
  });

  test("may redirect, and is not followed", async () => {
    expect(await (await get("/moved")).json()).toEqual({ status: 307, location: "/invoices/9" });
  });

  test("that is too slow is a 504 in time, and no token is in the log", async () => {
    const reply = await get("/patience");
    expect([reply.status, ((await reply.json()) as { code: string }).code]).toEqual([504, "TIMEOUT"]);
    expect(shop.output()).not.toContain("the token of billing");
  });

  test("shows us what it serves, and nothing of its developer's", async () => {
    expect(await (await get("/anywhere/open")).text()).toBe("open");
    expect((await get("/anywhere/_faasten/functions")).status).toBe(403);
  });

  test("that does not run is a 503 that says where it was looked for", async () => {
    const reply = await get("/lost");
    expect(reply.status).toBe(503);
    expect(await reply.text()).toContain(join(root, "nobody"));
  });
});

describe("the app itself", () => {
  test("answers within the process, as to a service", async () => {
    const reply = await get("/own/9");
    expect(reply.headers.get("x-inside")).toBe("yes");
    expect(await reply.json()).toMatchObject({ id: "9", caller: { kind: "service", subject: "shop" } });
  });

  test("has a 404 of its own, and a path that was escaped stays so", async () => {
    expect((await get("/own/9/8")).status).toBe(404);
    expect(await (await get("/own/%2e%2e%2fsettings")).json()).toMatchObject({ id: "../settings" });
    expect((await get("/own//evil.example")).status).toBe(404);
  });
});

describe("faasten configuration", () => {
  const run = async (...parameters: string[]) => {
    const { code, stdout, stderr } = await runFaasten(join(root, "shop"), ["configuration", ...parameters]).ended;
    return { code, stdout: stdout.toString(), stderr };
  };

  test("sets, gets and lists what functions read", async () => {
    expect(await (await get("/settings")).json()).toEqual({ limit: "10" });
    expect(await run("set", "flag", "on & off")).toMatchObject({
      code: 0,
      stdout: '{"key":"flag","value":"on & off","version":"1"}\n',
    });
    expect(await (await get("/settings")).json()).toEqual({ flag: "on & off", limit: "10" });
    expect(await run("set", "limit", "20")).toMatchObject({ code: 0 });
    expect(await run("get", "limit")).toMatchObject({ code: 0, stdout: "20\n" });
    expect(JSON.parse((await run("list")).stdout)).toEqual(
      expect.arrayContaining([
        { key: "flag", value: "on & off", version: "1" },
        { key: "limit", value: "20", version: "1" },
      ]),
    );
  });

  test("says what there is not", async () => {
    expect(await run("get", "none")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("NOT_FOUND  configstore has no none"),
    });
    expect(await run("list", "--component", "configstor")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Did you mean `configstore`?"),
    });
    expect(await run("set", "", "x")).toMatchObject({ code: 1, stderr: expect.stringContaining("INVALID") });
  });

  test("is no more open than the rest of `/_faasten/`", async () => {
    const path = `${shop.url}/_faasten/configuration/configstore`;
    expect((await fetch(path)).status).toBe(401);
    expect((await fetch(path, { method: "POST", body: '{"key":"a","value":"b"}' })).status).toBe(401);
    for (const body of [[], null, { key: "a" }, { key: 1, value: "b" }, { key: "a", value: 1 }, { key: "", value: "" }])
      expect((await shop.control("POST", "/configuration/configstore", body)).status).toBe(400);
    for (const name of ["nothing", "__proto__", "billing", "..%2fa"])
      expect((await shop.control("GET", `/configuration/${name}`)).status).toBe(404);
  });
});
