import { orders, placed } from "./blocks.ts";

export const ship = placed.subscribe({ uses: { orders: orders.readWrite } }, async ({ data }, { orders }) => {
  await orders.set(data.id, data);
});
