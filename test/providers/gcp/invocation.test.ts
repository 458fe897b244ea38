// With what a call to another service proves who calls, and where that proof goes.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { create } from "../../../providers/gcp/invocation/http.ts";
import { startMetadata } from "../../servers/metadata.ts";

const ended: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const end of ended.splice(0)) await end();
});

const named = (metadata: Record<string, string>) => ({ name: "billing", service: "shop", metadata });
const request = (headers: Record<string, string> = {}) => ({ method: "GET", path: "/", headers: new Headers(headers) });

async function instance() {
  const metadata = await startMetadata();
  ended.push(metadata.close);
  vi.stubEnv("K_SERVICE", "shop");
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", "");
  vi.stubEnv("GCE_METADATA_HOST", metadata.host);
  return metadata;
}

async function service() {
  const seen: (string | undefined)[] = [];
  const server = createServer((message, response) => {
    seen.push(message.headers.authorization);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ended.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const audienceIn = (authorization = ""): unknown =>
  (JSON.parse(Buffer.from(authorization.split(".")[1] ?? "", "base64url").toString()) as { readonly aud?: unknown })
    .aud;

test("the token is for the service's origin, takes the place of any other, and is kept", async () => {
  const metadata = await instance();
  const { seen, url } = await service();
  const caller = await create(named({ baseUrl: `${url}/v1` }));
  await caller.call(request({ authorization: "Bearer of somebody else" }));
  await caller.call(request());
  expect(seen.map(audienceIn)).toEqual([url, url]);
  expect(metadata.asked).toHaveLength(1);
});

test("the audience can be another", async () => {
  await instance();
  const { seen, url } = await service();
  await (await create(named({ baseUrl: url, audience: "https://own.example" }))).call(request());
  expect(seen.map(audienceIn)).toEqual(["https://own.example"]);
});

test("without a token nothing is sent", async () => {
  const metadata = await instance();
  await metadata.close();
  const { seen, url } = await service();
  await expect((await create(named({ baseUrl: url }))).call(request())).rejects.toMatchObject({
    code: "UNAUTHENTICATED",
  });
  expect(seen).toEqual([]);
});

test.each([
  "",
  "billing",
  "http://billing.example",
  "https://a:b@billing.example",
  "https://billing.example/?a",
  "ftp://x",
])("a baseUrl that is %j is refused", (baseUrl) => {
  expect(() => create(named({ baseUrl }))).toThrow("a token goes nowhere without TLS");
});
