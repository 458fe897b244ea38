export async function handler({ rawPath, headers, body }) {
  const id = decodeURIComponent(rawPath.slice("/orders/".length));
  const { quantity } = JSON.parse(body);
  return {
    statusCode: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ id, tenant: headers["x-tenant"], quantity: quantity + 1 }),
  };
}
