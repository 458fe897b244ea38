export async function order({ pathParameters, headers, body }) {
  const { quantity } = JSON.parse(body);
  const reply = { id: pathParameters.id, tenant: headers["x-tenant"], quantity: quantity + 1, version: 0 };
  return { statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(reply) };
}
