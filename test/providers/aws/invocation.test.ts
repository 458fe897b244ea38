// Of signed calls, what the cases of all callers leave out: whose service is signed for, where, and what is never sent.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { create } from "../../../providers/aws/invocation/http.ts";
import { readBody } from "../../../src/provider.ts";
import { type SignedRequest, signatureError } from "../../servers/sigv4.ts";

const access = { region: "eu-west-1", accessKey: "key", secretKey: "secret" };
const heard: SignedRequest[] = [];
const server = createServer(async (message, response) => {
  const body = (await readBody(message, 1_000_000)) ?? new Uint8Array();
  heard.push({ method: message.method ?? "", url: message.url ?? "", headers: message.headers, body });
  response.end();
});
let baseUrl: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

const named = (metadata: Record<string, string>) => ({ name: "billing", service: "shop", metadata });
const ask = (path: string, headers: Record<string, string> = {}, body?: string) => ({
  method: body === undefined ? "GET" : "POST",
  path,
  headers: new Headers(headers),
  ...(body !== undefined && { body: new TextEncoder().encode(body) }),
});
const last = (): SignedRequest => heard.at(-1) ?? { method: "", url: "", headers: {}, body: new Uint8Array() };
const wrong = (request: SignedRequest) =>
  signatureError(request, { service: "execute-api", region: "eu-west-1", secretOf: () => "secret" });

test("a query is signed as it is read, whatever is in it", async () => {
  const caller = await create(named({ ...access, baseUrl: `${baseUrl}/v1/` }));
  for (const query of ["?a=b:c&a=a&flag", "?a=1+2", "?%C3%A9=%2B&b=x=y", "?q=~'()*!", ""]) {
    await caller.call(ask(`/a%20b/c%2Fd:e/é${query}`));
    expect([query, wrong(last())]).toEqual([query, undefined]);
  }
  expect(last().url).toBe("/v1/a%20b/c%2Fd:e/%C3%A9");
  await expect(caller.call(ask("/a?b=%zz"))).rejects.toMatchObject({ code: "INVALID" });
});

test("the body is signed, and a header of the caller's is no proof", async () => {
  const caller = await create(named({ ...access, baseUrl }));
  await caller.call(ask("/", { authorization: "Bearer mine", "x-amz-security-token": "mine", "x-own": "1" }, "sent"));
  const { headers } = last();
  expect([wrong(last()), headers["x-own"], headers["x-amz-security-token"]]).toEqual([undefined, "1", undefined]);
  expect(wrong({ ...last(), body: Buffer.from("other") })).toBe("SignatureDoesNotMatch");
  expect(wrong({ ...last(), url: "/other" })).toBe("SignatureDoesNotMatch");
});

test("the role's own credentials are those of the environment, its token with them", async () => {
  const own = {
    AWS_ACCESS_KEY_ID: "role",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_SESSION_TOKEN: "token",
    AWS_REGION: "eu-west-1",
  };
  const before = Object.keys(own).map((name) => [name, process.env[name]] as const);
  try {
    Object.assign(process.env, own);
    await (await create(named({ baseUrl }))).call(ask("/"));
    expect(last().headers["x-amz-security-token"]).toBe("token");
    expect(last().headers.authorization).toContain("Credential=role/");
    expect(wrong(last())).toBeUndefined();
  } finally {
    for (const [name, value] of before) {
      delete process.env[name];
      if (value !== undefined) process.env[name] = value;
    }
  }
});

test("an address without TLS, or with a user or a query, is refused before anything is signed", () => {
  for (const address of [
    "http://billing.example",
    "https://a:b@billing.example",
    "https://billing.example?a",
    "billing",
    "",
  ])
    expect(() => create(named({ ...access, baseUrl: address }))).toThrow(
      expect.objectContaining({ code: "MISCONFIGURED", message: expect.stringContaining('service "billing"') }),
    );
});
