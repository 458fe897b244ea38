// One app calls another, both as they are built: the caller's bundle signs with its role, and an API that asks for IAM lets it in.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltApp, buildApp } from "../build/built.ts";
import { remove } from "../dev/running.ts";
import { type HttpApi, startHttpApi } from "../servers/http-api.ts";
import { signatureError } from "../servers/sigv4.ts";
import { createFleet, type Fleet, unavailable } from "./lambda.ts";

const manifest = (service: string): string =>
  `service: ${service}\nprovider: { name: aws, runtime: nodejs24.x }\ncustom: { faasten: { entry: [src/app.ts] } }\n`;
const billing = {
  "serverless.yml": manifest("billing"),
  "src/app.ts": `
import { http } from "faasten";
export const bill = http.post("/bills/:id", { access: "service" }, async (request, { params, caller }) => {
  const { searchParams } = new URL(request.url);
  return Response.json({ id: params.id, query: [...searchParams], by: caller.subject, sent: await request.text() }, { status: 201 });
});
`,
};
const shop = {
  "serverless.yml": manifest("shop"),
  "src/app.ts": `
import { http, service } from "faasten";
export const order = http.post("/orders", { access: "public", uses: { billing: service("billing") } }, async (request, { billing }) =>
  billing.fetch("/bills/a%20b?dry=a+b&x=:", { method: "POST", body: await request.text() }));
`,
};
const role = "arn:aws:sts::123456789012:assumed-role/shop-dev-order/shop-dev-order";
const built: BuiltApp[] = [];
const fleets: Fleet[] = [];
const apis: HttpApi[] = [];

async function deploy(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
  more: Pick<Parameters<typeof startHttpApi>[0][number], "callerOf"> = {},
): Promise<HttpApi> {
  const one = buildApp("none", "aws", { files });
  built.push(one);
  const fleet = createFleet(one.output, { cwd: one.folder, envOf: () => env });
  fleets.push(fleet);
  const api = await startHttpApi(fleet.routes.map((route) => ({ ...route, ...more })));
  apis.push(api);
  return api;
}

const missing = unavailable(4);
if (missing !== undefined) console.log(`unavailable: aws-lambda-ric 4: ${missing}`);

describe.skipIf(missing !== undefined)("a signed call", () => {
  let shopUrl: string;
  let billingUrl: string;
  const secretOf = (key: string): string | undefined => (key === "order" ? "secret" : undefined);
  beforeAll(async () => {
    const { url } = await deploy(
      billing,
      {},
      {
        callerOf: (request) =>
          signatureError(request, { service: "execute-api", region: "eu-west-1", secretOf }) === undefined
            ? role
            : undefined,
      },
    );
    billingUrl = url;
    const credentials = { AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "order", AWS_SECRET_ACCESS_KEY: "secret" };
    const env = { ...credentials, AWS_SESSION_TOKEN: "token", FAASTEN_INVOCATION_BILLING: url };
    shopUrl = (await deploy(shop, env)).url;
  }, 120_000);
  afterAll(() => {
    for (const api of apis) api.close();
    for (const fleet of fleets) fleet.stop();
    for (const { folder } of built) remove(folder);
  });

  test("is the caller's, with all that it sends", async () => {
    const reply = await fetch(`${shopUrl}/orders`, {
      method: "POST",
      body: "é",
      headers: { authorization: "Bearer of-a-customer", "content-type": "text/plain" },
    });
    expect([reply.status, await reply.json()]).toEqual([
      201,
      {
        id: "a b",
        query: [
          ["dry", "a b"],
          ["x", ":"],
        ],
        by: role,
        sent: "é",
      },
    ]);
  });

  test("without a signature, or with another's, nobody comes in", async () => {
    const bare = await fetch(`${billingUrl}/bills/7`, { method: "POST", body: "x" });
    expect([bare.status, await bare.json()]).toEqual([403, { message: "Forbidden" }]);
    const authorization =
      "AWS4-HMAC-SHA256 Credential=order/20261121/eu-west-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=00";
    const headers = { authorization, "x-amz-date": "20261121T000000Z" };
    expect((await fetch(`${billingUrl}/bills/7`, { method: "POST", headers })).status).toBe(403);
  });
});
