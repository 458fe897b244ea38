import { http, state, topic } from "faasten";

interface Order {
  readonly id: string;
  readonly tenant: string | null;
  readonly quantity: number;
}

const orders = state<Order>("orders");
const placed = topic<Order>("order.placed");

export const order = http.post(
  "/orders/:id",
  { access: "public", uses: { orders: orders.readWrite, placed: placed.publish } },
  async (request, { params, orders, placed }) => {
    const { quantity } = (await request.json()) as Order;
    const order = { id: params.id, tenant: request.headers.get("x-tenant"), quantity: quantity + 1 };
    await orders.set(order.id, order);
    await placed.publish(order);
    return Response.json(order);
  },
);
