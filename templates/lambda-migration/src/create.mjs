// POST /quotes: an ES module beside CommonJS.
import { randomUUID } from "node:crypto";
import prices from "./prices.js";

export const handler = async (event, context) => {
  const text = event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body;
  const { sku, quantity = 1 } = JSON.parse(text ?? "{}");
  const price = prices.priceOf(sku);
  if (price === undefined) return prices.reply(422, { message: `nothing is known of ${sku}` });
  const quote = { id: randomUUID(), sku, total: price * quantity, currency: process.env.CURRENCY };
  console.log(JSON.stringify({ quoted: quote.id, request: context.awsRequestId }));
  return { ...prices.reply(201, quote), cookies: [`last=${sku}; Path=/quotes`] };
};
