// What an order is, and where things are kept.
import { binding, configuration, secret, state, topic } from "faasten";
import * as z from "zod";

export const Order = z.object({
  id: z.string().regex(/^[\w-]{1,40}$/),
  sku: z.string().min(1).max(40),
  quantity: z.number().int().min(1).max(100),
  notes: z.array(z.string().max(200)).max(100).default([]),
  status: z.enum(["placed", "shipped"]).default("placed"),
});
export type Order = z.output<typeof Order>;

/** `version` rises by one with each change of one order. */
export const Change = z.object({ id: z.string(), version: z.number().int(), status: z.string() });

export const orders = state("orders", { schema: Order });
export const stock = state<number>("stock");
export const summaries = state("summaries", { schema: Change });

export const receipts = binding("receipts");

/** What one order may ask for: it is changed while the app runs. */
export const limits = configuration(["MAX_QUANTITY"], {
  freshness: "10s",
  schema: z.object({ MAX_QUANTITY: z.coerce.number().int().default(100) }),
});

export const placed = topic("order.placed", { schema: Order });
export const changed = topic("order.changed", { schema: Change });

export const signingKey = secret("signing-key");
