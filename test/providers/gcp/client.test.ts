// What becomes of a call to Google when the network, the service or the credentials fail it.
import { generateKeyPairSync, verify } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createClient } from "../../../providers/gcp/client.ts";
import { createTokens } from "../../../providers/gcp/credentials.ts";
import { create as createPubSub } from "../../../providers/gcp/pubsub/pubsub.ts";
import { create as createSecrets } from "../../../providers/gcp/secretstores/secretmanager.ts";
import { create as createFirestore } from "../../../providers/gcp/state/firestore-native.ts";
import { FaastenError } from "../../../src/provider.ts";
import { createFaultProxy, type Fault, type FaultProxy } from "../../servers/faults.ts";
import { startFirestore } from "../../servers/firestore.ts";
import type { GoogleServer } from "../../servers/google-http.ts";
import { startPubSub } from "../../servers/pubsub.ts";
import { startSecretManager } from "../../servers/secret-manager.ts";

const ended: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const end of ended.splice(0)) await end();
});

const json = { json: "1" };
const collection = "projects/p/databases/(default)/documents/entries";
const named = (metadata: Record<string, string>) => ({ name: "orders", service: "shop", metadata });

function refused(status: number, code: string, details: readonly object[] = []): Fault {
  return {
    status,
    body: JSON.stringify({ error: { code: status, status: code, message: `the service says ${code}`, details } }),
  };
}

const exhausted = refused(429, "RESOURCE_EXHAUSTED", [
  { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "0.02s" },
]);

async function failure(call: Promise<unknown>): Promise<FaastenError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof FaastenError) return error;
  throw new Error("a FaastenError is wanted");
}

async function listening(listener: RequestListener): Promise<{ readonly host: string; readonly server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ended.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

describe("a conditional write", () => {
  let google: GoogleServer;
  let proxy: FaultProxy;
  beforeEach(async () => {
    google = await startFirestore();
    proxy = await createFaultProxy(google.url);
    ended.push(proxy.close, google.close);
  });
  const store = () => createFirestore(named({ endpoint: proxy.url, collection }));

  test("is sent again where it was refused because of too much, as late as the service asks", async () => {
    proxy.spoil((call) => (call <= 2 ? exhausted : undefined));
    expect(await (await store()).set("a", json, { ifAbsent: true })).toBeTypeOf("string");
    expect(proxy.calls).toBe(3);
  });

  test("is sent again where it met another one, which means that it did not happen", async () => {
    proxy.spoil((call) => (call === 1 ? refused(409, "ABORTED") : undefined));
    expect(await (await store()).set("a", json, { ifAbsent: true })).toBeTypeOf("string");
    expect(proxy.calls).toBe(2);
  });

  test("that meets others for ever is THROTTLED: nothing was written", async () => {
    proxy.spoil(() => refused(409, "ABORTED"));
    const error = await failure((await store()).set("a", json, { ifAbsent: true }));
    expect([error.code, error.message]).toEqual([
      "THROTTLED",
      'component "orders": Commit failed with ABORTED after 5 attempts: the service says ABORTED',
    ]);
  });

  test.each<[string, Fault, string]>([
    ["UNAVAILABLE", refused(503, "UNAVAILABLE"), "UNAVAILABLE"],
    ["INTERNAL", refused(500, "INTERNAL"), "INTERNAL"],
    ["DEADLINE_EXCEEDED", refused(504, "DEADLINE_EXCEEDED"), "TIMEOUT"],
    ["a connection that is lost", "cut", "UNAVAILABLE"],
    ["a call that is lost", "lost", "UNAVAILABLE"],
    ["what is no JSON", { status: 502, body: "<html>" }, "UNAVAILABLE"],
  ])("is sent once where its reply is %s, and its outcome unknown", async (_what, fault, code) => {
    proxy.spoil(() => fault);
    expect((await failure((await store()).set("a", json, { ifAbsent: true }))).code).toBe(code);
    expect(proxy.calls).toBe(1);
  });

  test("of a whole transaction is sent once, too, and a write without condition again", async () => {
    const kept = await store();
    proxy.spoil((call) => (call === 1 ? refused(503, "UNAVAILABLE") : undefined));
    expect(
      (
        await failure(
          kept.transact?.("p", [{ kind: "set", key: "a", value: json, ifAbsent: true }]) ?? Promise.resolve(),
        )
      ).code,
    ).toBe("UNAVAILABLE");
    expect(proxy.calls).toBe(1);
    proxy.spoil((call) => (call === 1 ? refused(503, "UNAVAILABLE") : undefined));
    expect(await kept.set("a", json)).toBeTypeOf("string");
    expect(proxy.calls).toBe(2);
  });

  test("has its invocation's time and no more", async () => {
    proxy.spoil(() => ({ delay: 60_000 }));
    const error = await failure((await store()).set("a", json, { ifAbsent: true, signal: AbortSignal.timeout(50) }));
    expect([error.code, error.message]).toEqual([
      "TIMEOUT",
      'component "orders": Commit did not end within the invocation',
    ]);
  });

  test("an abort between two attempts ends them", async () => {
    proxy.spoil(() => refused(429, "RESOURCE_EXHAUSTED", [{ retryDelay: "60s" }]));
    const error = await failure((await store()).set("a", json, { signal: AbortSignal.timeout(50) }));
    expect([error.code, proxy.calls]).toEqual(["TIMEOUT", 1]);
  });

  test("where its own server is not there, is UNAVAILABLE after some attempts", async () => {
    await proxy.close();
    const error = await failure((await store()).set("a", json, { ifAbsent: true }));
    expect([error.code, error.message]).toEqual([
      "UNAVAILABLE",
      expect.stringMatching(/ECONNREFUSED after 5 attempts/),
    ]);
  });
});

describe.each([
  [403, "PERMISSION_DENIED", "DENIED"],
  [404, "NOT_FOUND", "MISCONFIGURED"],
  [400, "INVALID_ARGUMENT", "INVALID"],
  [400, "FAILED_PRECONDITION", "MISCONFIGURED"],
  [501, "UNIMPLEMENTED", "UNSUPPORTED"],
])("HTTP %i %s", (status, said, code) => {
  test(`is ${code}, asked once, with component, operation and what was said`, async () => {
    const google = await startPubSub();
    const proxy = await createFaultProxy(google.url);
    ended.push(proxy.close, google.close);
    proxy.spoil(() => refused(status, said));
    const broker = await createPubSub(named({ endpoint: proxy.url, topicPrefix: "projects/p/topics/shop-" }));
    const event = { specversion: "1.0", id: "1", source: "/s", type: "t" } as const;
    const error = await failure(broker.publish("placed", event));
    expect(error.code).toBe(code);
    expect(error.message).toContain(`component "orders": Publish failed with ${said}: the service says ${said}`);
    expect(proxy.calls).toBe(1);
  });
});

test("a publish whose reply is lost is sent again: an event may come twice, and is never lost", async () => {
  const google = await startPubSub();
  google.createTopic("projects/p/topics/shop-placed");
  google.createSubscription("projects/p/subscriptions/all", { topic: "projects/p/topics/shop-placed" });
  const proxy = await createFaultProxy(google.url);
  ended.push(proxy.close, google.close);
  proxy.spoil((call) => (call === 1 ? "cut" : call === 2 ? refused(503, "UNAVAILABLE") : undefined));
  const broker = await createPubSub(named({ endpoint: proxy.url, topicPrefix: "projects/p/topics/shop-" }));
  await broker.publish("placed", { specversion: "1.0", id: "1", source: "/s", type: "t" });
  expect(proxy.calls).toBe(3);
});

test("a secret whose version is disabled is an error, and says why", async () => {
  const google = await startSecretManager();
  ended.push(google.close);
  google.addVersion("projects/p/secrets/key", "s3cret");
  google.disable("projects/p/secrets/key");
  const store = await createSecrets(named({ endpoint: google.url, project_id: "p" }));
  const error = await failure(store.get("key"));
  expect([error.code, error.message]).toEqual(["MISCONFIGURED", expect.stringContaining("is in DISABLED state")]);
});

describe("a token", () => {
  const endpointOf = async () => {
    const google = await startFirestore();
    ended.push(google.close);
    return google;
  };
  const read = (client: ReturnType<typeof createClient>) =>
    client.call("Read", `/v1/${collection.replace("/entries", "")}:batchGet`, { documents: [] });

  test("that has expired is made anew, once, also for a conditional write", async () => {
    const google = await endpointOf();
    google.refused.add("old");
    const given: boolean[] = [];
    const client = createClient(
      named({ endpoint: google.url }),
      "firestore.googleapis.com",
      async ({ renew = false } = {}) => {
        given.push(renew);
        return renew ? "new" : "old";
      },
    );
    ended.push(client.close);
    expect(await read(client)).toEqual([]);
    expect(given).toEqual([false, true]);
    google.refused.add("new");
    const error = await failure(read(client));
    expect(error.code).toBe("UNAUTHENTICATED");
    expect(error.message).toBe(
      'component "orders": Read failed with UNAUTHENTICATED after 2 attempts: the credentials are missing, wrong or expired',
    );
  });

  test("goes to no endpoint without TLS, but the one that emulators take", async () => {
    let seen: string | undefined;
    const { host } = await listening((request, response) => {
      seen = request.headers.authorization;
      response.end("[]");
    });
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const private_key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const client = createClient(
      named({ endpoint: host, client_email: "a@b", private_key }),
      "firestore.googleapis.com",
    );
    ended.push(client.close);
    await read(client);
    expect(seen).toBe("Bearer owner");
  });

  test("of the metadata server is fetched once for all who wait, kept, and fetched again when it is about to end", async () => {
    const replies = [3600, 200, 3600];
    let asked = 0;
    const { host } = await listening((request, response) => {
      expect(request.url).toBe("/computeMetadata/v1/instance/service-accounts/default/token");
      expect(request.headers["metadata-flavor"]).toBe("Google");
      const expires_in = replies[asked++];
      response.end(JSON.stringify({ access_token: `token-${asked}`, expires_in, token_type: "Bearer" }));
    });
    vi.stubEnv("K_SERVICE", "orders");
    vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", "");
    vi.stubEnv("GCE_METADATA_HOST", host);
    const tokens = createTokens(named({}));
    expect(await Promise.all([tokens(), tokens(), tokens()])).toEqual(["token-1", "token-1", "token-1"]);
    expect(await tokens()).toBe("token-1");
    expect(await tokens({ renew: true })).toBe("token-2");
    expect(await tokens()).toBe("token-3");
    expect(asked).toBe(3);
  });

  test("of a metadata server that is not up yet is asked for again; of one that refuses, is not", async () => {
    let asked = 0;
    let status = 503;
    const { host } = await listening((_request, response) => {
      response.statusCode = ++asked < 3 ? status : 200;
      response.end(JSON.stringify({ access_token: "token", expires_in: 3600 }));
    });
    vi.stubEnv("K_SERVICE", "orders");
    vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", "");
    vi.stubEnv("GCE_METADATA_HOST", host);
    expect(await createTokens(named({}))()).toBe("token");
    [asked, status] = [0, 403];
    const error = await failure(createTokens(named({}))());
    expect([error.code, error.message, asked]).toEqual([
      "UNAUTHENTICATED",
      'component "orders": no token from the metadata server: it answered 403',
      1,
    ]);
  });

  test("of a metadata server that hangs is given up with the invocation, and after 5 s for all; the next call asks again", async () => {
    let asked = 0;
    let hangs = true;
    const { host } = await listening((_request, response) => {
      asked++;
      if (!hangs) response.end(JSON.stringify({ access_token: "token", expires_in: 3600 }));
    });
    vi.stubEnv("K_SERVICE", "orders");
    vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", "");
    vi.stubEnv("GCE_METADATA_HOST", host);
    const tokens = createTokens(named({}));
    const client = createClient(named({}), "firestore.googleapis.com", tokens);
    ended.push(client.close);
    const signal = AbortSignal.timeout(50);
    expect((await failure(client.call("Read", "/", undefined, { signal }))).code).toBe("TIMEOUT");
    const error = await failure(client.call("Read", "/"));
    expect([error.code, error.message]).toEqual([
      "UNAUTHENTICATED",
      'component "orders": Read: component "orders": no token from the metadata server: it did not answer within 5 s',
    ]);
    expect(asked).toBe(1);
    hangs = false;
    expect(await tokens()).toBe("token");
  }, 20_000);

  test("of a service account's key is signed here, and neither key nor token is in an error", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const private_key = privateKey.export({ type: "pkcs8", format: "pem" }).toString().replaceAll("\n", "\\n");
    const tokens = createTokens(named({ client_email: "shop@p.iam.gserviceaccount.com", private_key }));
    const token = await tokens();
    const [head = "", claims = "", signature = ""] = token.split(".");
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({
      iss: "shop@p.iam.gserviceaccount.com",
      sub: "shop@p.iam.gserviceaccount.com",
      scope: "https://www.googleapis.com/auth/cloud-platform",
    });
    expect(verify("RSA-SHA256", Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, "base64url"))).toBe(
      true,
    );

    const google = await endpointOf();
    google.refused.add(token);
    const client = createClient(named({ endpoint: google.url }), "firestore.googleapis.com", tokens);
    ended.push(client.close);
    google.refused.add(await tokens({ renew: true }));
    const { message, cause } = await failure(read(client));
    expect(message).not.toContain(token.slice(0, 20));
    expect(String(cause)).toBe("GoogleError: the token was not taken");
    const broken = await failure(createTokens(named({ client_email: "a@b", private_key: "no key at all" }))());
    expect(broken.code).toBe("UNAUTHENTICATED");
    expect(broken.message).not.toContain("no key at all");
    expect(broken.cause).toBeUndefined();
  });
});
