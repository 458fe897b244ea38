// middy with six middlewares.
import middyCore from "@middy/core";
import cors from "@middy/http-cors";
import errorHandler from "@middy/http-error-handler";
import headerNormalizer from "@middy/http-header-normalizer";
import jsonBodyParser from "@middy/http-json-body-parser";
import responseSerializer from "@middy/http-response-serializer";
import securityHeaders from "@middy/http-security-headers";

const serializers = [
  { regex: /^application\/json$/, serializer: ({ body }) => JSON.stringify(body) },
  { regex: /^text\/plain$/, serializer: ({ body }) => String(body) },
];

export const middy = middyCore()
  .use(headerNormalizer())
  .use(jsonBodyParser())
  .use(securityHeaders())
  .use(cors({ origins: ["https://shop.example"], credentials: true }))
  .use(responseSerializer({ serializers, defaultContentType: "application/json" }))
  .use(errorHandler({ fallbackMessage: "something failed", logger: false }))
  .handler(async ({ body, headers, queryStringParameters }) => {
    if (body.fail === "known") throw Object.assign(new Error("no tea here"), { statusCode: 418, expose: true });
    if (body.fail) throw new Error("an inner matter");
    return {
      statusCode: 201,
      body: { got: body, type: headers["Content-Type"], asked: queryStringParameters?.asked ?? null },
    };
  });
