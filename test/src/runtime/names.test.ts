import { expect, test } from "vitest";
import { physicalName, variableOf } from "../../../src/runtime/names.ts";

test("a resource is called by service, stage and name", () => {
  expect(physicalName("shop", "dev", "orderStore")).toBe("shop-dev-order-store");
});

test("a variable has the kind and the name of what it locates", () => {
  expect(variableOf("state", "order.store")).toBe("FAASTEN_STATE_ORDER_STORE");
  expect(variableOf("inbox", "workInOrder")).toBe("FAASTEN_INBOX_WORK_IN_ORDER");
});
