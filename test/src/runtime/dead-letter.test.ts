// A dead letter and its way back.
import { expect, test } from "vitest";
import { type CloudEvent, fromDeadLetter, toDeadLetter } from "../../../src/provider.ts";

const event: CloudEvent = { specversion: "1.0", id: "1", source: "/s", type: "t", data: { json: "1" } };
const death = { reason: "no luck", attempt: 5, function: "ship" };

test("the event stays as it came, and its death stands beside it", () => {
  expect(toDeadLetter(event, death)).toEqual({
    ...event,
    extensions: { faastenreason: "no luck", faastenattempt: 5, faastenfunction: "ship" },
  });
});

test("the way back gives the event as it was", () => {
  expect(fromDeadLetter(toDeadLetter(event, death))).toEqual(event);
  const region = { ...event, extensions: { region: "eu" } };
  expect(fromDeadLetter(toDeadLetter(region, death))).toEqual(region);
  expect(fromDeadLetter(event)).toEqual(event);
});

test("who dies twice has died of the last", () => {
  const twice = toDeadLetter(toDeadLetter(event, death), { ...death, reason: "again" });
  expect(twice.extensions?.["faastenreason"]).toBe("again");
  expect(fromDeadLetter(twice)).toEqual(event);
});
