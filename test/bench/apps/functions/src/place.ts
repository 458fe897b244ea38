import { http } from "faasten";
import { type Order, orders, placed } from "./blocks.ts";

export const place = http.post(
  "/orders",
  { access: "public", uses: { orders: orders.readWrite, placed: placed.publish } },
  async (request, { orders, placed }) => {
    const order = (await request.json()) as Order;
    await orders.set(order.id, order);
    await placed.publish(order);
    return Response.json(order, { status: 201 });
  },
);
