// What a thing costs, in cents.
const prices = { tea: 450, coffee: 620 };

exports.priceOf = (sku) => prices[sku];
exports.reply = (statusCode, body) => ({
  statusCode,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
