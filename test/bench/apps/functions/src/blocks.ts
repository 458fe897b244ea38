import { state, topic } from "faasten";

export interface Order {
  readonly id: string;
  readonly quantity: number;
}

export const orders = state<Order>("orders");
export const placed = topic<Order>("order.placed");
