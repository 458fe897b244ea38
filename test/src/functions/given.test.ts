// What a declaration is given.
import { expect, test } from "vitest";
import { binding, http, schedule, topic } from "../../../src/index.ts";

const missing = undefined as unknown as () => never;

test.each<[string, () => unknown]>([
  ["/orders", () => http.get("/orders", { access: "public" }, missing)],
  ["placed", () => topic("placed").subscribe({ uses: {} } as unknown as () => never)],
  ["placed", () => topic("placed").subscribeMany({}, missing)],
  ["uploads", () => binding("uploads").input({}, missing)],
  ["0 3 * * *", () => schedule("0 3 * * *", {}, missing)],
])("%s without a handler is refused where it is declared", (what, declare) => {
  expect(declare).toThrow(`the declaration of "${what}" lacks its handler`);
});
