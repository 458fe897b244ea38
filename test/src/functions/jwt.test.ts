// Access for the bearers of one issuer's tokens, against an issuer on a real socket.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as http from "../../../src/functions/http.ts";
import { type JwtRules, jwt } from "../../../src/functions/jwt.ts";
import { Response as LazyResponse } from "../../../src/runtime/response.ts";
import { type Calling, calling } from "./calling.ts";

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;

let first: Keys;
let second: Keys;
beforeAll(async () => {
  first = await generateKeyPair("ES256", { extractable: true });
  second = await generateKeyPair("ES256", { extractable: true });
});

let server: Server;
let issuer: string;
let keys: JWK[];
/** How each path answers; a path that is not there is a 404, `hang` never answers. */
let answers: Record<string, () => { status?: number; body: string } | "hang">;
let asked: string[];

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    const answer = answers[path]?.() ?? { status: 404, body: "none" };
    if (answer === "hang") return;
    response.writeHead(answer.status ?? 200, { "content-type": "application/json" }).end(answer.body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  keys = [await publicKey(first, "k1")];
  answers = {
    "/.well-known/openid-configuration": () => ({ body: JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }) }),
    "/keys": () => ({ body: JSON.stringify({ keys }) }),
  };
});

afterEach(async () => {
  vi.useRealTimers();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function publicKey({ publicKey }: Keys, kid: string): Promise<JWK> {
  return { ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" };
}

function guarded(rules: Partial<JwtRules> = {}): Calling {
  const access = jwt({ issuer, audience: "orders", ...rules });
  return calling(http.get("/", { access }, (_request, { caller }) => LazyResponse.json(caller)));
}

interface Claims extends JWTPayload {
  readonly scope?: string;
  readonly scp?: readonly string[];
}

function token(claims: Claims = {}, { key = first, kid = "k1" } = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ iss: issuer, aud: "orders", sub: "ann", exp: now + 60, ...claims })
    .setProtectedHeader({ alg: "ES256", kid })
    .sign(key.privateKey);
}

const bearing = (text: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${text}` },
});

test("a good token lets its bearer in, who is known by its claims", async () => {
  const { status, json } = await guarded().request("/", bearing(await token({ email: "ann@example.com" })));
  expect([status, json]).toMatchObject([
    200,
    { kind: "user", subject: "ann", claims: { email: "ann@example.com", iss: issuer } },
  ]);
});

describe("a token does not hold", () => {
  const now = (): number => Math.floor(Date.now() / 1000);
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

  test.each<[string, () => string | Promise<string>]>([
    ["of another issuer", () => token({ iss: "https://evil.example" })],
    ["for another audience", () => token({ aud: "billing" })],
    ["that has run out", () => token({ exp: now() - 60 })],
    ["that holds only later", () => token({ nbf: now() + 60 })],
    [
      "that never runs out",
      () =>
        new SignJWT({ iss: issuer, aud: "orders" })
          .setProtectedHeader({ alg: "ES256", kid: "k1" })
          .sign(first.privateKey),
    ],
    ["without a signature", () => new UnsecuredJWT({ iss: issuer, aud: "orders", exp: now() + 60 }).encode()],
    [
      "signed with the public key as a shared secret",
      async () =>
        new SignJWT({ iss: issuer, aud: "orders", exp: now() + 60 })
          .setProtectedHeader({ alg: "HS256", kid: "k1" })
          .sign(Buffer.from(JSON.stringify(keys[0]))),
    ],
    ["of a key that nobody knows", () => token({}, { kid: "k9" })],
    ["signed by another key under a known name", () => token({}, { key: second })],
    [
      "changed after it was signed",
      async () =>
        (await token()).replace(
          /\.[^.]+\./,
          `.${encode({ iss: issuer, aud: "orders", sub: "root", exp: now() + 60 })}.`,
        ),
    ],
    ["that is no token", () => "a.b.c"],
  ])("%s", async (_what, make) => {
    const reply = await guarded().request("/", bearing(await make()));
    expect(reply).toMatchObject({ status: 401, json: { code: "UNAUTHENTICATED" } });
    expect(reply.headers.get("www-authenticate")).toBe("Bearer");
  });

  test("that is not there, or is not a bearer's", async () => {
    const { request } = guarded();
    for (const headers of [
      {},
      { authorization: `Basic ${await token()}` },
      { authorization: "Bearer" },
      { authorization: `Bearer ${await token()} x` },
    ]) {
      expect((await request("/", { headers })).status).toBe(401);
    }
    expect(asked, "nothing was fetched for them").toEqual([]);
  });
});

test.each<[string, Claims, number]>([
  ["in `scope`", { scope: "read write" }, 200],
  ["in `scp`", { scp: ["write", "read"] }, 200],
  ["one only", { scope: "read" }, 403],
  ["a part of the name", { scope: "read writes" }, 403],
  ["none", {}, 403],
])("scopes: %s", async (_what, claims, status) => {
  const reply = await guarded({ scopes: ["read", "write"] }).request("/", bearing(await token(claims)));
  expect(reply.status).toBe(status);
  if (status === 403) expect(reply.json).toMatchObject({ code: "DENIED", detail: expect.stringContaining("write") });
});

test("a user for whom the platform vouches needs no token, but what the rule asks for", async () => {
  const asked = guarded({ scopes: ["write"] });
  const status = async (claims: Claims): Promise<number> => {
    const caller = {
      kind: "user",
      subject: "ann",
      claims: { iss: issuer, aud: "orders", sub: "ann", ...claims },
    } as const;
    return (await asked.request("/", { caller })).status;
  };
  expect(await status({ scope: "write" })).toBe(200);
  expect(await status({ scope: "write", aud: ["others", "orders"] })).toBe(200);
  expect(await status({ scope: "read" })).toBe(403);
  expect(await status({ scope: "write", iss: "https://other.example" })).toBe(401);
  expect(await status({ scope: "write", aud: ["others"] })).toBe(401);
  const service = { kind: "service", subject: "ann", claims: { iss: issuer, aud: "orders", scope: "write" } } as const;
  expect((await asked.request("/", { caller: service })).status).toBe(401);
});

test("only the named kinds of signature are taken", async () => {
  const good = bearing(await token());
  expect((await guarded({ algorithms: ["ES256"] }).request("/", good)).status).toBe(200);
  expect((await guarded({ algorithms: ["RS256"] }).request("/", good)).status).toBe(401);
});

test("a clock may be wrong by a few seconds", async () => {
  const exp = Math.floor(Date.now() / 1000) - 2;
  expect((await guarded().request("/", bearing(await token({ exp })))).status).toBe(200);
});

test("the keys are fetched once for many calls, at once or one after another", async () => {
  const { request } = guarded();
  const good = bearing(await token());
  const replies = await Promise.all(Array.from({ length: 20 }, () => request("/", good)));
  replies.push(await request("/", good));
  expect(replies.every(({ status }) => status === 200)).toBe(true);
  expect(asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
});

test("keys that are given by address need no discovery", async () => {
  const { request } = guarded({ jwks: `${issuer}/keys` });
  expect((await request("/", bearing(await token()))).status).toBe(200);
  expect(asked).toEqual(["/keys"]);
});

test("a new key of the issuer's is found, and an unknown one does not fetch for every call", async () => {
  const { request } = guarded();
  expect((await request("/", bearing(await token()))).status).toBe(200);
  keys = [await publicKey(second, "k2")];
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 40_000 });
  expect((await request("/", bearing(await token({}, { key: second, kid: "k2" })))).status).toBe(200);
  for (let times = 0; times < 5; times++)
    expect((await request("/", bearing(await token({}, { kid: "k9" })))).status).toBe(401);
  expect(asked.filter((path) => path === "/keys")).toHaveLength(2);
});

describe("an issuer", () => {
  test.each<[string, () => void]>([
    ["that refuses connections", () => void server.close()],
    [
      "without discovery",
      () => {
        answers = {};
      },
    ],
    [
      "whose discovery names no keys",
      () => {
        answers["/.well-known/openid-configuration"] = () => ({ body: "{}" });
      },
    ],
    [
      "whose discovery is no JSON",
      () => {
        answers["/.well-known/openid-configuration"] = () => ({ body: "<html>" });
      },
    ],
    [
      "whose keys fail",
      () => {
        answers["/keys"] = () => ({ status: 500, body: "{}" });
      },
    ],
    [
      "whose keys are no JSON",
      () => {
        answers["/keys"] = () => ({ body: "<html>" });
      },
    ],
    [
      "whose keys are none",
      () => {
        answers["/keys"] = () => ({ body: '{"keys":"none"}' });
      },
    ],
  ])("%s is a 503, and is asked again by the next call", async (_what, spoil) => {
    const { request, lines } = guarded();
    const good = bearing(await token());
    const before = { ...answers };
    spoil();
    expect(await request("/", good)).toMatchObject({ status: 503, json: { code: "UNAVAILABLE" } });
    expect(lines.at(-1)).toMatchObject({ level: "error", message: "failed" });
    if (!server.listening) return;
    answers = before;
    expect((await request("/", good)).status).toBe(200);
  });

  test.each(["/.well-known/openid-configuration", "/keys"])(
    "that never answers at %s is a 503 after some seconds",
    async (path) => {
      answers[path] = () => "hang";
      expect(await guarded().request("/", bearing(await token()))).toMatchObject({
        status: 503,
        json: { code: "UNAVAILABLE" },
      });
    },
  );
});

test("the rules are data for the build, and hold no keys", () => {
  const access = jwt({ issuer: "https://login.example/", audience: "orders", scopes: ["read"] });
  const { on } = http.get("/", { access }, () => new LazyResponse());
  expect(on).toMatchObject({ access: { issuer: "https://login.example/", audience: "orders", scopes: ["read"] } });
});
