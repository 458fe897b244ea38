// Who may post to a subscriber or a schedule, over a real socket: its own identity, and nobody else.
import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createAdmit } from "../../../providers/gcp/identity.ts";
import type { Message } from "../../../providers/gcp/message.ts";
import { trigger as pubsubPush } from "../../../providers/gcp/triggers/pubsub-push.ts";
import { trigger as scheduler } from "../../../providers/gcp/triggers/scheduler.ts";
import { schedule, topic } from "../../../src/index.ts";
import { createRunner, type PubSub, type Served } from "../../../src/provider.ts";

const audience = "https://orders-dev-ship-1.europe-west1.run.app";
const caller = "orders-dev-ship-push@p.iam.gserviceaccount.com";
const [google, somebody] = [pair(), pair()];

function pair() {
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

let certificates: Server;
let certificatesUrl: string;
beforeAll(async () => {
  const body = JSON.stringify({ one: google.publicKey.export({ type: "spki", format: "pem" }) });
  const headers = { "content-type": "application/json; charset=UTF-8", "cache-control": "public, max-age=3600" };
  certificates = createServer((_request, response) => void response.writeHead(200, headers).end(body));
  certificatesUrl = await listen(certificates);
});
afterAll(() => void certificates?.close());

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Posted {
  readonly status: number;
  /** How often the handler ran. */
  readonly runs: number;
  readonly log: string;
}

interface Where {
  readonly onCloudRun: boolean;
  readonly certificates?: string;
  readonly kind?: "topic" | "schedule";
}

/** Posts what the subscription or the job would, under that header. */
async function post(
  authorization: string | undefined,
  { onCloudRun, kind = "topic", ...more }: Where,
): Promise<Posted> {
  let runs = 0;
  const log: string[] = [];
  const count = async (): Promise<void> => {
    runs++;
  };
  const served: Served =
    kind === "topic"
      ? { name: "ship", definition: topic("placed", { raw: true }).subscribe(count), triggers: [pubsubPush] }
      : { name: "ship", definition: schedule("0 3 * * *", count), triggers: [scheduler] };
  const broker: PubSub = { publish: async () => {} };
  const app = {
    service: "orders",
    functions: [served],
    components: { pubsub: { type: "none", metadata: {}, create: () => broker } },
  };
  const runner = createRunner(app, (line) => log.push(line));
  const env = {
    FAASTEN_PUSH_AUDIENCE: audience,
    FAASTEN_PUSH_CALLER: caller,
    ...(onCloudRun && { K_SERVICE: "orders-dev-ship" }),
  };
  const listener = (kind === "topic" ? pubsubPush : scheduler).receive({
    app,
    journal: runner.journal,
    admit: createAdmit({ env, certificates: more.certificates ?? certificatesUrl }),
    run: (_served, payload) => runner.run(served, { id: "1", payload, context: {}, deadline: Date.now() + 30_000 }),
  });
  const server = createServer((request, response) => void listener(request as Message, response));
  servers.push(server);
  const { status } = await fetch(await listen(server), {
    method: "POST",
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(kind === "schedule" && { "x-cloudscheduler-scheduletime": "2026-11-20T03:00:00Z" }),
    },
    body:
      kind === "schedule"
        ? ""
        : '{"message":{"messageId":"1","data":"e30="},"subscription":"projects/p/subscriptions/s"}',
  });
  return { status, runs, log: log.join("\n") };
}

const now = (): number => Math.floor(Date.now() / 1000);

function token(claims: object = {}, { privateKey } = google): Promise<string> {
  const all = {
    iss: "https://accounts.google.com",
    aud: audience,
    email: caller,
    email_verified: true,
    iat: now() - 60,
  };
  return new SignJWT({ ...all, exp: now() + 3600, ...claims })
    .setProtectedHeader({ alg: "RS256", kid: "one" })
    .sign(privateKey);
}

/** As Cloud Run hands it on. */
const stripped = (whole: string): string => whole.replace(/[^.]*$/, "SIGNATURE_REMOVED_BY_GOOGLE");

describe.each(["topic", "schedule"] as const)("a %s", (kind) => {
  describe.each([
    ["on Cloud Run, which has verified the token and taken its signature", true, stripped],
    ["on Cloud Run, which let everybody in: the signature is there, and is verified here", true, (one: string) => one],
    ["elsewhere, verified in full", false, (one: string) => one],
  ] as const)("%s", (_, onCloudRun, handedOn) => {
    const bearer = async (claims?: object): Promise<string> => `Bearer ${handedOn(await token(claims))}`;

    test("its own identity is let in", async () => {
      expect(await post(await bearer(), { onCloudRun, kind })).toMatchObject({ status: 204, runs: 1 });
    });

    test.each<readonly [string, number, object]>([
      ["for another audience", 401, { aud: "https://other.example" }],
      ["for several audiences", 401, { aud: [audience, "https://other.example"] }],
      ["of another identity", 403, { email: "other-push@p.iam.gserviceaccount.com" }],
      ["of nobody", 403, { email: undefined }],
      ["of an address that nobody verified", 403, { email_verified: false }],
      ["of another issuer", 401, { iss: "https://issuer.example" }],
      ["that has expired", 401, { iat: now() - 7200, exp: now() - 3600 }],
      ["that never expires", 401, { exp: undefined }],
    ])("a token %s is refused with %i, and nothing runs", async (_name, status, claims) => {
      const authorization = await bearer(claims);
      const posted = await post(authorization, { onCloudRun, kind });
      expect(posted).toMatchObject({ status, runs: 0 });
      expect(posted.log).toContain("a push was refused");
      expect(posted.log).not.toContain(authorization.split(".")[1]);
    });

    test.each([
      ["no header", undefined],
      ["no token", "Bearer "],
      ["another scheme", "Basic dXNlcjpwYXNz"],
      ["no JWT", "Bearer abc"],
      ["two parts", "Bearer e30.e30"],
      ["parts that are no JSON", "Bearer !!.e30.x"],
      ["claims that are no object", "Bearer e30.bnVsbA.SIGNATURE_REMOVED_BY_GOOGLE"],
    ])("%s is refused with 401, and nothing runs", async (_name, authorization) => {
      expect(await post(authorization, { onCloudRun, kind })).toMatchObject({ status: 401, runs: 0 });
    });
  });
});

test("what nobody signed is refused wherever the platform has not said that it verified it", async () => {
  const whole = await token();
  const forged = `Bearer ${await token({}, somebody)}`;
  expect(await post(forged, { onCloudRun: true })).toMatchObject({ status: 401, runs: 0 });
  expect(await post(forged, { onCloudRun: false })).toMatchObject({ status: 401, runs: 0 });
  expect(await post(`Bearer ${stripped(whole)}`, { onCloudRun: false })).toMatchObject({ status: 401, runs: 0 });
});

test("without Google's certificates it comes again", async () => {
  const gone = createServer((_request, response) => void response.writeHead(404).end());
  servers.push(gone);
  const posted = await post(`Bearer ${await token()}`, { onCloudRun: false, certificates: await listen(gone) });
  expect(posted).toMatchObject({ status: 503, runs: 0 });
});

test.each(["FAASTEN_PUSH_AUDIENCE", "FAASTEN_PUSH_CALLER"])(
  "a bundle without %s fails when it is loaded, naming it",
  (name) => {
    const env = { FAASTEN_PUSH_AUDIENCE: audience, FAASTEN_PUSH_CALLER: caller, [name]: "" };
    expect(() => createAdmit({ env })).toThrow(name);
  },
);
