// What is done at night.
import { schedule } from "faasten";
import { orders } from "./model.ts";

export const countOrders = schedule(
  "0 3 * * *",
  { timeZone: "Europe/Paris", uses: { orders: orders.list } },
  async (tick, { orders, log }) => {
    let count = 0;
    for await (const _ of orders.list()) count++;
    log.info("orders counted", { count, for: tick.time.toISOString() });
  },
);
