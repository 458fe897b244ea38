// Bundles on Azure's own `@azure/functions`, which are part of them, on a stand-in of ours for the worker and the host.
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { remove } from "../dev/running.ts";
import { type FunctionsHost, startFunctionsHost, traceParent } from "../servers/functions-host.ts";
import { deliveries, type Exchange, exchanges, type HostReply, type HostRequest } from "./behaviours.ts";
import { type BuiltApp, buildApp } from "./built.ts";
import { checkDelivery, checkLog, checkReply } from "./checks.ts";
import { type Reference, startReference } from "./reference.ts";
import { sendTo } from "./requests.ts";

/** As a stack would set them. */
const settings = {
  AzureFunctionsJobHost__functionTimeout: "00:00:04",
  FAASTEN_PUBSUB_PUBSUB__fullyQualifiedNamespace: "behaviours.servicebus.windows.net",
  FAASTEN_INBOX_WORK: "behaviours-test-work",
  FAASTEN_INBOX_WORK_IN_ORDER: "behaviours-test-work-in-order",
  FAASTEN_INBOX_WORK_TOGETHER: "behaviours-test-work-together",
  FAASTEN_INBOX_KEEP: "behaviours-test-keep",
};

/** What the library makes of a cookie's value: it encodes all that `encodeURIComponent` does. */
const encoded: Readonly<Record<string, Partial<Exchange>>> = {
  "several cookies, with attributes and odd values": {
    cookies: [
      "plain=1",
      "session=a%20b; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax",
      "odd=x%3Dy%26z!~; Domain=example.com; Path=/; Expires=Wed, 21 Oct 2037 07:28:00 GMT".replace(" Path=/;", ""),
      "gone=; Max-Age=0",
    ],
  },
};

let built: BuiltApp;
let local: Reference;
let host: FunctionsHost;

beforeAll(async () => {
  built = buildApp("behaviours", "azure");
  local = await startReference();
  host = await startFunctionsHost(join(built.output, "app"), settings);
});

afterAll(async () => {
  host?.stop();
  await local.stop();
  remove(built.folder);
});

/** Without the id that the library puts on every reply for the host's proxy. */
async function send(request: HostRequest): Promise<HostReply> {
  const { headers, ...reply } = await sendTo(host.url, request);
  const { "x-ms-invocation-id": _, ...others } = headers;
  return { ...reply, headers: others };
}

describe("HTTP", () => {
  for (const exchange of exchanges) {
    test(exchange.name, async () => {
      const from = host.lines().length - 1;
      const reply = await send(exchange.request);
      const other = encoded[exchange.name];
      checkReply({ ...exchange, ...other }, reply, other ? undefined : await local.send(exchange.request));
      if (exchange.logged) await checkLog(host.lines, from, [exchange.logged]);
      expect(host.alive, "it is still the process that it was").toBe(true);
    });
  }

  test("a streamed reply, part by part", async () => {
    const folder = mkdtempSync(join(tmpdir(), "faasten-gate-"));
    const gate = join(folder, "gate");
    const response = await fetch(`${host.url}/stream?gate=${encodeURIComponent(gate)}`);
    expect([response.status, response.headers.get("x-streamed")]).toEqual([200, "1"]);
    const parts: string[] = [];
    for await (const part of response.body ?? []) {
      parts.push(Buffer.from(part).toString());
      if (!existsSync(gate)) writeFileSync(gate, "");
    }
    expect(parts).toEqual(["first ", "second"]);
    remove(folder);
  });
});
