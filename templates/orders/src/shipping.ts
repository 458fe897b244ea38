// What happens to an order after it was placed.
import { http } from "faasten";
import * as z from "zod";
import { changed, orders, placed, stock, summaries } from "./model.ts";

export const putStock = http.put(
  "/stock/:sku",
  { access: "public", body: z.object({ count: z.number().int().min(0) }), uses: { stock: stock.readWrite } },
  async (_request, { params, body, stock }) => {
    await stock.set(params.sku, body.count);
    return Response.json(body);
  },
);

export const getStock = http.get(
  "/stock/:sku",
  { access: "public", uses: { stock: stock.read } },
  async (_request, { params, stock }) => Response.json({ count: (await stock.get(params.sku))?.value ?? null }),
);

/** Takes the goods out of the stock, once for each order however often the event comes. */
export const ship = placed.subscribe(
  {
    idempotent: (event) => event.data.id,
    uses: { orders: orders.readWrite, stock: stock.readWrite, changed: changed.publish },
  },
  async (event, { orders, stock, changed }) => {
    const { id, sku, quantity } = event.data;
    const left = await stock.get(sku);
    if (left === undefined) return event.dead(`nothing is known of ${sku}`);
    if (left.value < quantity) return event.retry({ after: "2s" });
    await stock.set(sku, left.value - quantity, { ifEtag: left.etag });
    await orders.update(id, (order) => ({ ...event.data, ...order, status: "shipped" as const }));
    await changed.publish({ id, version: 1, status: "shipped" });
  },
);

/** Changes may come in any order: an older one never replaces a newer one. */
export const summarise = changed.subscribe(
  { uses: { summaries: summaries.readWrite } },
  async ({ data }, { summaries }) => {
    await summaries.update(data.id, (known) => (known && known.version > data.version ? known : data));
  },
);
