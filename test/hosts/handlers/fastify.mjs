// A Fastify app by its own library for Lambda.
import awsLambdaFastify from "@fastify/aws-lambda";
import createApp from "fastify";

const app = createApp();
app.all("/:shape/seen", async ({ method, query, body, headers, params }, reply) => {
  reply.header("set-cookie", ["first=1; HttpOnly", "second=2; Path=/shop"]);
  return { method, query, body: body ?? null, cookie: headers.cookie ?? null, params };
});
app.get("/:shape/by/:id", async ({ params }) => params);
app.get("/:shape/bytes", async (_request, reply) =>
  reply.type("image/png").send(Buffer.from([137, 80, 78, 71, 0, 255, 128, 13, 10])),
);
app.get("/:shape/fails", async () => {
  throw Object.assign(new Error("it is gone"), { statusCode: 410 });
});

export const fastify = awsLambdaFastify(app, { binaryMimeTypes: ["image/png"] });
await app.ready();
