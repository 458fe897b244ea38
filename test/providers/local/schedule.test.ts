// A schedule that fails, in a host that stops before its next run.
import { expect, test } from "vitest";
import { type Local, serve } from "../../../providers/local/host.ts";
import { create } from "../../../providers/local/pubsub/sqlite.ts";
import { trigger as clock } from "../../../providers/local/triggers/clock.ts";
import { trigger as inbox } from "../../../providers/local/triggers/inbox.ts";
import { schedule, topic } from "../../../src/index.ts";
import { folder } from "./folder.ts";

const later = topic<string>("later");

interface Started {
  readonly local: Local;
  readonly lines: readonly string[];
  /** The instants for which it ran, the first one first. */
  readonly runs: readonly string[];
  readonly published: readonly string[];
}

/** Its schedule runs each second, and fails the first time for each. Resolves once it has failed. */
async function startFailing(work: (first: boolean) => Promise<void> = async () => {}): Promise<Started> {
  const lines: string[] = [];
  const runs: string[] = [];
  const published: string[] = [];
  const { promise: failed, resolve } = Promise.withResolvers<void>();
  const sweep = schedule("0 3 * * *", { uses: { later: later.publish } }, async ({ time }, { later }) => {
    const first = !runs.includes(time.toISOString());
    runs.push(time.toISOString());
    setImmediate(resolve);
    await work(first);
    if (first) throw new Error("not yet");
    await later.publish("again");
    published.push(time.toISOString());
  });
  const heard = later.subscribe(async () => {});
  const connectionString = `${folder()}/local.db`;
  const local = serve(
    {
      service: "tests",
      functions: [
        { name: "sweep", definition: { ...sweep, on: { kind: "schedule", cron: "* * * * * *" } }, triggers: [clock] },
        { name: "heard", definition: heard, triggers: [inbox] },
      ],
      components: { pubsub: { type: "pubsub.sqlite", metadata: { connectionString }, create } },
    },
    { sink: (line) => lines.push(line) },
  );
  await local.start();
  await failed;
  return { local, lines, runs, published };
}

test("given time, it is run again, and can still publish", async () => {
  const { local, lines, runs, published } = await startFailing();
  await local.stop(20_000);
  expect(runs.filter((time) => time === runs[0])).toHaveLength(2);
  expect(published).toContain(runs[0]);
  expect(lines.join("\n")).not.toContain("given up");
});

test("given none, or no more, it is given up, and the log says so", async () => {
  for (const within of [undefined, 20_000]) {
    const { local, lines, runs } = await startFailing();
    const stopped = local.stop(within);
    await local.stop();
    await stopped;
    expect(runs).toHaveLength(new Set(runs).size);
    const given = lines.map((line) => JSON.parse(line)).filter(({ message }) => message.startsWith("given up"));
    expect(given).toContainEqual(
      expect.objectContaining({
        message: "given up before its next run: the app stops",
        function: "sweep",
        planned: runs[0],
      }),
    );
  }
});

test("one that runs, and does not end, is given up as well", async () => {
  const { local, lines } = await startFailing(() => new Promise(() => {}));
  await local.stop();
  expect(lines.join("\n")).toContain("given up while it ran: the app stops");
});
