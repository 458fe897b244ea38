// GET /quotes/{sku}: CommonJS.
const { priceOf, reply } = require("./prices.js");

exports.get = async (event) => {
  const { sku } = event.pathParameters;
  const price = priceOf(sku);
  if (price === undefined) return reply(404, { message: `nothing is known of ${sku}` });
  const quantity = Number(event.queryStringParameters?.quantity ?? 1);
  return reply(200, { sku, total: price * quantity, currency: process.env.CURRENCY });
};
