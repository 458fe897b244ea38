// What is done at night, in nights that are shorter or longer than others.
import { expect, test } from "vitest";
import { countOrders } from "../src/nightly.ts";
import { place, start } from "./running.ts";

test.each([
  [
    "spring",
    "2026-03-28T00:00:00Z",
    ["2026-03-28T02:00:00.000Z", "2026-03-29T01:00:00.000Z", "2026-03-30T01:00:00.000Z"],
  ],
  [
    "autumn",
    "2026-10-24T00:00:00Z",
    ["2026-10-24T01:00:00.000Z", "2026-10-25T02:00:00.000Z", "2026-10-26T02:00:00.000Z"],
  ],
])("orders are counted at three in Paris, also when its clocks change in %s", async (_season, now, nights) => {
  const app = await start({ now });
  await place(app, { id: "a1", sku: "tea", quantity: 2 });
  await app.advance("3d");
  const counted = app.log.filter(({ message }) => message === "orders counted");
  expect(counted.map((line) => [line["for"], line["count"]])).toEqual(nights.map((night) => [night, 1]));
});

test("it can be run at any time", async () => {
  const app = await start();
  expect(await app.fire(countOrders, "2026-01-01T02:00:00Z")).toEqual({ kind: "done" });
  expect(app.log).toContainEqual(expect.objectContaining({ message: "orders counted", count: 0 }));
});
