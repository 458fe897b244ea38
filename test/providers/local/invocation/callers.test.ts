// Who an app on this machine is called as, and what is told where none answers.
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { create as createHttp } from "../../../../providers/local/invocation/http.ts";
import { create as createLocal } from "../../../../providers/local/invocation/local.ts";
import type { ServiceCaller } from "../../../../src/provider.ts";
import { folder } from "../folder.ts";

const ask = { method: "GET", path: "/", headers: new Headers() };

async function server(): Promise<{ readonly port: number; readonly seen: IncomingHttpHeaders[] }> {
  const seen: IncomingHttpHeaders[] = [];
  const listening = createServer((request, response) => {
    seen.push(request.headers);
    response.end("ok");
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", () => resolve()));
  onTestFinished(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return { port: (listening.address() as AddressInfo).port, seen };
}

function local(at: string, name = "billing"): ServiceCaller {
  return createLocal({ name, service: "shop", metadata: { folder: at } }) as ServiceCaller;
}

function tell(at: string, known: object | string): void {
  mkdirSync(join(at, ".faasten/local"), { recursive: true });
  writeFileSync(join(at, ".faasten/local/dev.json"), typeof known === "string" ? known : JSON.stringify(known));
}

describe("invocation.local", () => {
  test("calls as a service, with the token of the app that it asks, wherever it answers now", async () => {
    const [one, two] = [await server(), await server()];
    const at = folder();
    const caller = local(at);
    tell(at, { service: "billing", port: one.port, token: "first", pid: process.pid });
    await caller.call(ask);
    tell(at, { service: "billing", port: two.port, token: "second", pid: process.pid });
    await caller.call(ask);
    expect(one.seen.map(({ authorization }) => authorization)).toEqual(["Bearer first"]);
    expect(two.seen.map(({ authorization }) => authorization)).toEqual(["Bearer second"]);
  });

  test("hands its token to nobody where another app runs there, or none does", async () => {
    const { port, seen } = await server();
    const at = folder();
    const caller = local(at);
    const known = { service: "billing", port, token: "secret-token", pid: process.pid };
    await expect(caller.call(ask)).rejects.toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining(at) });
    for (const wrong of ["", "{", "null", "[]", '"a"', { ...known, port: "80" }, { ...known, token: 1 }, { pid: 1 }]) {
      tell(at, wrong);
      await expect(caller.call(ask), JSON.stringify(wrong)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    }
    tell(at, { ...known, pid: 2 ** 22 + 1 });
    await expect(caller.call(ask)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    tell(at, { ...known, service: "orders" });
    const error: unknown = await caller.call(ask).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "MISCONFIGURED", message: expect.stringContaining('"orders"') });
    expect(String(error)).not.toContain("secret-token");
    expect(seen).toEqual([]);
  });

  test("is answered within the process where the service is the app itself, and by nobody else's name", async () => {
    expect(local(".", "billing").attach).toBeUndefined();
    const own = local(".", "shop");
    own.attach?.(async (request) => new Response(`${request.method} ${new URL(request.url).pathname}`));
    expect(await (await own.call({ ...ask, path: "/a%2Fb" })).text()).toBe("GET /a%2Fb");
    const renamed = createLocal({ name: "myself", service: "shop", metadata: { appId: "shop" } }) as ServiceCaller;
    expect(renamed.attach).toBeTypeOf("function");
  });
});

describe("invocation.http", () => {
  test("tells nobody who calls", async () => {
    const { port, seen } = await server();
    const caller = await createHttp({
      name: "billing",
      service: "shop",
      metadata: { baseUrl: `http://127.0.0.1:${port}` },
    });
    await caller.call(ask);
    expect(seen[0]).not.toHaveProperty("authorization");
  });

  test.each([
    "",
    "billing",
    "//billing",
    "ftp://billing",
    "file:///etc/passwd",
    "https://user:pass@billing",
    "https://b/?q",
    "https://b/#f",
  ])("with the baseUrl %j is MISCONFIGURED, and the address is not told", (baseUrl) => {
    const make = () => createHttp({ name: "billing", service: "shop", metadata: { baseUrl } });
    expect(make).toThrow(expect.objectContaining({ code: "MISCONFIGURED" }));
    expect(make).toThrow(expect.objectContaining({ message: expect.not.stringContaining("pass@") }));
  });

  test("stays below its path", async () => {
    const { port, seen } = await server();
    const baseUrl = `http://127.0.0.1:${port}/v1`;
    const caller = await createHttp({ name: "billing", service: "shop", metadata: { baseUrl } });
    for (const path of ["/../admin", "/..", "/%2e%2e/admin", "2/admin", ""])
      await expect(caller.call({ ...ask, path }), path).rejects.toMatchObject({ code: "INVALID" });
    expect(seen).toEqual([]);
  });
});
