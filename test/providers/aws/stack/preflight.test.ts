// Two functions of one path that pages of other origins may call, as the stack routes their preflights.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { buildApp } from "../../../build/built.ts";
import { remove } from "../../../dev/running.ts";
import { read } from "./template.ts";

const source = `import { http } from "faasten";
const ask = (origin) => ({ access: "public", cors: { origins: [origin] } });
export const get = http.get("/orders/:id", ask("https://shop.example"), () => new Response("got"));
export const put = http.put("/orders/:key", ask("https://desk.example"), () => new Response("put"));
`;

test("the one that is asked answers for the other as well", async () => {
  const yaml =
    "service: shop\nprovider: { name: aws, runtime: nodejs22.x }\ncustom: { faasten: { entry: [src/app.ts] } }\n";
  const { folder, output } = buildApp("none", "aws", { files: { "serverless.yml": yaml, "src/app.ts": source } });
  try {
    const routes = Object.entries(read(output).Resources).filter(([, { Type }]) => Type === "AWS::ApiGatewayV2::Route");
    expect(routes.map(([name, { Properties }]) => [name, Properties["RouteKey"]])).toEqual([
      ["GetRoute", "GET /orders/{id}"],
      ["PutRoute", "PUT /orders/{key}"],
      ["GetPreflightRoute", "OPTIONS /orders/{id}"],
    ]);
    const { handler } = (await import(pathToFileURL(join(output, "functions/get/index.mjs")).href)) as {
      readonly handler: (event: unknown, context: unknown) => Promise<{ readonly headers: Record<string, string> }>;
    };
    const context = { awsRequestId: "1", getRemainingTimeInMillis: () => 5000 };
    const preflight = (origin: string, asked: string): unknown => ({
      version: "2.0",
      rawPath: "/orders/1",
      rawQueryString: "",
      headers: { host: "api.example", origin, "access-control-request-method": asked },
      requestContext: { http: { method: "OPTIONS", path: "/orders/1" }, stage: "$default", domainName: "api.example" },
      isBase64Encoded: false,
    });
    for (const [origin, asked] of [
      ["https://shop.example", "GET"],
      ["https://desk.example", "PUT"],
    ] as const)
      expect((await handler(preflight(origin, asked), context)).headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-methods": asked,
      });
  } finally {
    remove(folder);
  }
});
