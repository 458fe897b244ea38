// Requests from the queue, in batches: what fails comes again, and nothing else does.
import prices from "./prices.js";

export const handler = async ({ Records }) => {
  const failed = [];
  for (const { messageId, body } of Records) {
    const { sku, quantity } = JSON.parse(body);
    const price = prices.priceOf(sku);
    if (price === undefined || quantity > Number(process.env.LIMIT)) failed.push({ itemIdentifier: messageId });
    else console.log(JSON.stringify({ worked: sku, total: price * quantity }));
  }
  return { batchItemFailures: failed };
};
