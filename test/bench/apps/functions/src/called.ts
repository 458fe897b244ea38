import { http } from "faasten";
import { type Order, placed } from "./blocks.ts";

/** Asks for trace and log as well: they are part of what is measured, and made only then. */
export const order = http.post("/orders/:id", { access: "public" }, async (request, { params, trace, log }) => {
  const { quantity } = (await request.json()) as Order;
  if (trace.traceparent === "") log.error("no trace");
  return Response.json({ id: params.id, tenant: request.headers.get("x-tenant"), quantity: quantity + 1 });
});

export const count = placed.subscribe(async ({ data }) => {
  if (data.quantity !== 1) throw new Error("another event was sent");
});
