import middy from "@middy/core";
import errorHandler from "@middy/http-error-handler";
import headerNormalizer from "@middy/http-header-normalizer";
import jsonBodyParser from "@middy/http-json-body-parser";

export const handler = middy()
  .use(headerNormalizer())
  .use(jsonBodyParser())
  .use(errorHandler())
  .handler(async ({ rawPath, headers, body: { quantity } }) => ({
    statusCode: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      id: decodeURIComponent(rawPath.slice("/orders/".length)),
      tenant: headers["x-tenant"],
      quantity: quantity + 1,
    }),
  }));
