// Functions that run by the clock.
import { expect, test } from "vitest";
import { createOn } from "../../../providers/local/state/in-memory.ts";
import type { EventArrival } from "../../../src/contracts/trigger.ts";
import { schedule, type Tick } from "../../../src/functions/schedule.ts";
import { bound } from "../runtime/stand-ins.ts";
import { calling } from "./calling.ts";

const time = "2026-11-20T03:00:00.000Z";
const planned = (id = `work/${time}`): EventArrival => ({
  kind: "event",
  event: { specversion: "1.0", id, source: "tests", type: "dev.faasten.schedule", time },
});

test("a run gets the planned instant and an id that stays the same", async () => {
  const seen: Tick[] = [];
  const { deliver } = calling(schedule("0 3 * * *", (tick) => void seen.push(tick)));
  expect(await deliver(planned())).toEqual([{ kind: "done" }]);
  await deliver(planned());
  expect(seen).toEqual([
    { id: `work/${time}`, time: new Date(time) },
    { id: `work/${time}`, time: new Date(time) },
  ]);
});

test("a run that throws is tried again, whatever it throws", async () => {
  for (const [thrown, reason] of [
    [new Error("no"), "no"],
    ["text", "text"],
    [Object.create(null), "what was thrown has no text"],
  ] as const) {
    const { deliver, lines } = calling(
      schedule("* * * * *", () => {
        throw thrown;
      }),
    );
    expect(await deliver(planned())).toEqual([{ kind: "retry", reason }]);
    expect(lines).toMatchObject([{ level: "error", message: "failed" }]);
  }
});

test("an idempotent run is done once for each key", async () => {
  let runs = 0;
  const definition = schedule("* * * * *", { idempotent: (tick) => (tick.id === "free" ? null : tick.id) }, () => {
    runs += 1;
  });
  const store = createOn(new Map(), { name: "idempotency", service: "tests", metadata: {} });
  const { deliver } = calling(definition, { idempotency: bound(store) });
  for (const id of ["a", "a", "b", "a", "free", "free"]) expect(await deliver(planned(id))).toEqual([{ kind: "done" }]);
  expect(runs).toBe(4);
});

test("what is no event, or cannot be read, runs nothing", async () => {
  let runs = 0;
  const { deliver, lines } = calling(
    schedule("* * * * *", () => {
      runs += 1;
    }),
  );
  const request = { kind: "request", path: "/", request: new Request("http://h/") } as const;
  expect(await deliver(request)).toEqual([{ kind: "dead", reason: "this function runs by the clock" }]);
  expect(await deliver({ kind: "malformed", reason: "torn", raw: { json: "1" } })).toEqual([
    { kind: "dead", reason: "torn" },
  ]);
  expect(runs).toBe(0);
  expect(lines).toMatchObject([{ message: "dead" }, { message: "dead", reason: "torn" }]);
});

test("a schedule is data for the build", () => {
  expect(schedule("0 3 * * *", () => {}).on).toEqual({ kind: "schedule", cron: "0 3 * * *" });
  expect(schedule("every 5 minutes", { timeZone: "Europe/Paris", name: "own" }, () => {})).toMatchObject({
    name: "own",
    on: { kind: "schedule", cron: "every 5 minutes", timeZone: "Europe/Paris" },
  });
});
