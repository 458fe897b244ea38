// Orders over HTTP.
import { FaastenError, http } from "faasten";
import * as z from "zod";
import { changed, limits, Order, orders, placed, receipts, signingKey, summaries } from "./model.ts";

export const placeOrder = http.post(
  "/orders",
  {
    access: "public",
    body: Order,
    idempotent: (request) => request.headers.get("idempotency-key"),
    uses: { orders: orders.readWrite, placed: placed.publish, limits },
  },
  async (_request, { body, orders, placed, limits }) => {
    const { MAX_QUANTITY } = await limits.get();
    if (body.quantity > MAX_QUANTITY) throw new FaastenError("INVALID", `at most ${MAX_QUANTITY} are sold at once`);
    const etag = await orders.set(body.id, body, { ifAbsent: true });
    await placed.publish(body);
    return Response.json(body, { status: 201, headers: { etag, location: `/orders/${body.id}` } });
  },
);

export const getOrder = http.get(
  "/orders/:id",
  { access: "public", uses: { orders: orders.read } },
  async (request, { params, orders }) => {
    const { value, etag } = found(await orders.get(params.id), params.id);
    if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers: { etag } });
    return Response.json(value, { headers: { etag } });
  },
);

/** Changes the quantity, only from the version that the caller has seen. */
export const changeOrder = http.patch(
  "/orders/:id",
  {
    access: "public",
    body: z.object({ quantity: z.number().int().min(1).max(100) }),
    uses: { orders: orders.readWrite, changed: changed.publish },
  },
  async (request, { params, body, orders, changed }) => {
    const ifEtag = request.headers.get("if-match");
    if (ifEtag === null) throw new FaastenError("INVALID", "an if-match header is wanted: the etag that GET gave");
    const { value } = found(await orders.get(params.id), params.id);
    const next = { ...value, ...body };
    const etag = await orders.set(params.id, next, { ifEtag });
    await changed.publish({ id: params.id, version: next.notes.length + 2, status: next.status });
    return Response.json(next, { headers: { etag } });
  },
);

export const addNote = http.post(
  "/orders/:id/notes",
  { access: "public", body: z.object({ text: z.string().min(1).max(200) }), uses: { orders: orders.readWrite } },
  async (_request, { params, body, orders }) => {
    const { value } = await orders.update(params.id, (order) => {
      if (!order) throw new FaastenError("NOT_FOUND", `there is no order ${params.id}`);
      return { ...order, notes: [...order.notes, body.text] };
    });
    return Response.json(value);
  },
);

export const getSummary = http.get(
  "/orders/:id/summary",
  { access: "public", uses: { summaries: summaries.read } },
  async (_request, { params, summaries }) => Response.json(found(await summaries.get(params.id), params.id).value),
);

export const putReceipt = http.put(
  "/orders/:id/receipt",
  { access: "public", uses: { receipts: receipts.output("create") } },
  async (request, { params, receipts }) => {
    const contentType = request.headers.get("content-type") ?? "application/octet-stream";
    await receipts.create(new Uint8Array(await request.arrayBuffer()), { key: params.id, contentType });
    return new Response(null, { status: 204 });
  },
);

/** The receipt's bytes, signed, so that a reader can tell that they are ours. */
export const getReceipt = http.get(
  "/orders/:id/receipt",
  { access: "public", uses: { receipts: receipts.output("get"), signingKey } },
  async (_request, { params, receipts, signingKey }) => {
    const { bytes, contentType = "application/octet-stream" } = found(await receipts.get(params.id), params.id);
    const secret = new TextEncoder().encode(await signingKey.get());
    const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const signature = Buffer.from(await crypto.subtle.sign("HMAC", key, bytes)).toString("base64");
    return new Response(bytes, { headers: { "content-type": contentType, "x-signature": signature } });
  },
);

export const removeOrder = http.delete(
  "/orders/:id",
  { access: "service", uses: { orders: orders.readWrite } },
  async (_request, { params, orders }) => {
    await orders.delete(params.id);
    return new Response(null, { status: 204 });
  },
);

function found<T>(entry: T | undefined, id: string): T {
  if (entry === undefined) throw new FaastenError("NOT_FOUND", `there is nothing of the order ${id}`);
  return entry;
}
