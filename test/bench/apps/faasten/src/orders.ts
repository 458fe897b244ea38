import { http } from "faasten";

export const order = http.post("/orders/:id", { access: "public" }, async (request, { params }) => {
  const { quantity } = (await request.json()) as { readonly quantity: number };
  return Response.json({ id: params.id, tenant: request.headers.get("x-tenant"), quantity: quantity + 1, version: 0 });
});
