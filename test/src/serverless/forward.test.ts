// What serverless-offline has of a request reaches the local runtime as it was, and the reply comes back so.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, onTestFinished, test, vi } from "vitest";
import { addressVariable, type HttpEvent, handler } from "../../../src/serverless/forward.ts";

const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);

test("method, path, query, headers, cookies and bytes; there and back", async () => {
  const seen: unknown[] = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    seen.push([method, url, headers.cookie, headers["x-one"], headers.host, [...(await buffer(request))]]);
    response.writeHead(201, { "set-cookie": ["a=1", "b=2"], "x-two": "2" }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv(addressVariable, `http://${address}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const event: HttpEvent = {
    rawPath: "/a%20b/",
    rawQueryString: "q=1&q=2",
    headers: { "X-One": "1", Host: "localhost:3000", "Content-Length": "9", Connection: "close" },
    cookies: ["c=3", "d=4"],
    body: Buffer.from(bytes).toString("base64"),
    isBase64Encoded: true,
    requestContext: { http: { method: "PUT" } },
  };
  const { headers, ...reply } = await handler(event);
  expect(reply).toEqual({
    statusCode: 201,
    cookies: ["a=1", "b=2"],
    body: Buffer.from(bytes).toString("base64"),
    isBase64Encoded: true,
  });
  expect(Object.keys(headers).sort()).toEqual(["date", "x-two"]);
  const { cookies: _, rawQueryString: __, ...bare } = event;
  await handler({ ...bare, body: null, isBase64Encoded: false });
  expect(seen).toEqual([
    ["PUT", "/a%20b/?q=1&q=2", "c=3; d=4", "1", address, [...bytes]],
    ["PUT", "/a%20b/", undefined, "1", address, []],
  ]);
});
