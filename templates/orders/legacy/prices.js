// A Lambda handler as it was before anybody thought of another cloud: it knows nothing of Faasten.
export const handler = async (event) => {
  const { sku } = event.pathParameters;
  const quantity = Number(event.queryStringParameters?.quantity ?? "1");
  if (!Number.isInteger(quantity) || quantity < 1) return { statusCode: 400, body: "a quantity is a whole number" };
  return {
    statusCode: 200,
    headers: { "content-type": "application/json", "cache-control": "max-age=60" },
    cookies: [`last=${sku}; Path=/prices`],
    body: JSON.stringify({
      sku,
      price: (sku.length * 250 * quantity) / 100,
      currency: event.headers["x-currency"] ?? "EUR",
    }),
  };
};
