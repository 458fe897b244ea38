// Time in an app under test: it stands, and passes when it is told to.
import { http, schedule, state, topic } from "faasten";
import { testApp } from "faasten/testing";
import { describe, expect, test } from "vitest";
import { createClock } from "../../../src/testing/clock.ts";

const start = "2026-01-31T23:00:00Z";
const minutes = (count: number): string => new Date(Date.parse(start) + count * 60_000).toISOString();

describe("the clock", () => {
  test("makes calls by their time, equals in the order of asking, and none that was called off", () => {
    const clock = createClock(0);
    const made: string[] = [];
    const note = (name: string) => (): void => void made.push(`${name} at ${clock.now()}`);
    clock.at(20, note("late"));
    clock.at(10, note("first"));
    clock.at(10, note("second"));
    const cancel = clock.at(5, note("never"));
    clock.at(Number.POSITIVE_INFINITY, note("never"));
    cancel();
    cancel();
    clock.at(-5, () => clock.at(-7, note("at once")));
    while (clock.step(15));
    expect(made).toEqual(["at once at 0", "first at 10", "second at 10"]);
    clock.moveTo(19);
    expect([clock.step(19), clock.step(20), clock.step(1e15)]).toEqual([false, true, false]);
    expect(made.at(-1)).toBe("late at 20");
  });
});

describe("time", () => {
  const kept = state<string>("kept");
  const told = topic<{ text: string }>("told");
  const tell = http.post("/", { uses: { kept: kept.readWrite, told: told.publish } }, async (_request, context) => {
    await context.kept.set("a", new Date(context.now()).toISOString(), { ttl: "10m" });
    await context.told.publish({ text: "now" }, { ttl: "5m" });
    return new Response();
  });

  test("stands still, and is the same for functions, entries, events and the log", async () => {
    const app = await testApp({ tell }, { now: start });
    await app.fetch("/", { method: "POST" });
    expect(await app.open(kept.read).get("a")).toMatchObject({ value: minutes(0) });
    expect(app.published(told)).toMatchObject([{ time: minutes(0), expiration: minutes(5), data: { text: "now" } }]);
    await app.advance("599s");
    expect(await app.open(kept.read).get("a")).toBeDefined();
    await app.advance("1s");
    expect(await app.open(kept.read).get("a")).toBeUndefined();
    expect(app.now).toBe(Date.parse(minutes(10)));
    await app.close();
  });

  test("is the machine's at first, if nothing is said", async () => {
    const before = Date.now();
    const app = await testApp({ tell });
    expect(app.now).toBeGreaterThanOrEqual(before);
    expect(app.now).toBeLessThanOrEqual(Date.now());
    await app.close();
  });

  test("brings what was put off at its own time, and not what is no longer wanted", async () => {
    const seen: string[] = [];
    const hear = told.subscribe((event, { now }) => {
      seen.push(`${event.data.text} ${event.attempt} ${new Date(now()).toISOString()}`);
      if (event.data.text === "later" && event.attempt === 1) event.retry({ after: "20m" });
    });
    const app = await testApp({ hear, tell }, { now: start });
    await app.open(told.publish).publish({ text: "later" });
    expect(seen).toEqual([]);
    await app.drain();
    await app.drain();
    expect(seen).toEqual([`later 1 ${minutes(0)}`]);
    await app.advance("1h");
    expect(seen).toEqual([`later 1 ${minutes(0)}`, `later 2 ${minutes(20)}`]);

    await app.open(told.publish).publish({ text: "wanted" }, { ttl: "1m" });
    await app.drain();
    expect(seen).toHaveLength(3);
    await app.close();
  });

  test("runs schedules in the order of their instants, each in its zone, among all else that falls due", async () => {
    const ran: string[] = [];
    const at = (name: string, cron: string, timeZone?: string) =>
      schedule(cron, timeZone === undefined ? {} : { timeZone }, ({ time }, { now }) => {
        ran.push(`${name} ${time.toISOString().slice(0, 16)}`);
        expect(now()).toBe(time.getTime());
      });
    const hear = told.subscribe((event, { now }) => {
      ran.push(`heard ${new Date(now()).toISOString().slice(0, 16)}`);
      if (event.attempt === 1) event.retry({ after: "90m" });
    });
    const app = await testApp(
      {
        utc: at("utc", "0 0 1 * *"),
        tokyo: at("tokyo", "0 9 * * *", "Asia/Tokyo"),
        berlin: at("berlin", "30 1 * * *", "Europe/Berlin"),
        hear,
      },
      { now: start },
    );
    await app.open(told.publish).publish({ text: "" });
    await app.advance("1d");
    expect(ran).toEqual([
      "heard 2026-01-31T23:00",
      "utc 2026-02-01T00:00",
      "tokyo 2026-02-01T00:00",
      "berlin 2026-02-01T00:30",
      "heard 2026-02-01T00:30",
    ]);
    await app.close();
  });

  test("a schedule that fails runs twice more, a little later, and is given up", async () => {
    const ran: string[] = [];
    const sweep = schedule("0 * * * *", (_tick, { now }) => {
      ran.push(new Date(now()).toISOString().slice(11, 19));
      throw new Error("not yet");
    });
    const app = await testApp({ sweep }, { now: start });
    await app.advance("62m");
    expect(ran).toEqual(["00:00:00", "00:00:01", "00:00:06"]);
    expect(app.log.map(({ message }) => message)).toEqual(["failed", "failed", "failed", "given up after three runs"]);
    expect(await app.fire(sweep)).toEqual({ kind: "retry", reason: "not yet" });
    await app.close();
  });
});
