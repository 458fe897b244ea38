// Each step of a deployment fails once: what is told, what is not run any more, and how the next attempt goes on.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { providerOf, type Target } from "../../src/build/providers.ts";
import { plannerOf } from "../../src/build/stack.ts";
import type { Plan, ReadChanges } from "../../src/contracts/plan.ts";
import { openProgress } from "../../src/deploy/progress.ts";
import { type Ran, runSteps } from "../../src/deploy/run.ts";
import { requireValues } from "../../src/deploy/values.ts";
import { type BuiltApp, buildApp } from "../build/built.ts";
import { remove } from "../dev/running.ts";
import { app, type Cloud, createCloud, lineOf } from "./fakes.ts";

const targets: readonly { readonly target: Target; readonly late: Late }[] = [
  { target: "aws", late: undefined },
  {
    target: "azure",
    late: { command: "deployment group create", says: "PrincipalNotFound", again: "deployment group create" },
  },
  { target: "gcp", late: { command: "tofu apply", says: "SERVICE_DISABLED", again: "tofu plan" } },
];

/** What is known to settle late: in which command, what it says, and where it begins again. */
type Late = { readonly command: string; readonly says: string; readonly again: string } | undefined;

describe.each(targets)("on $target", ({ target, late }) => {
  let built: BuiltApp;
  let plan: Plan;
  let changes: ReadChanges;
  let cloud: Cloud;
  let said: string[];
  let paused: number[];

  beforeAll(async () => {
    built = buildApp("none", target, { files: app });
    plan = JSON.parse(readFileSync(join(built.output, "deploy.json"), "utf8")) as Plan;
    const planner = await plannerOf(await providerOf(target));
    if (!planner) throw new Error("no plan");
    changes = planner.changes;
  });
  afterAll(() => remove(built.folder));
  beforeEach(() => {
    cloud = createCloud();
    said = [];
    paused = [];
  });
  afterEach(() => rmSync(cloud.folder, { recursive: true }));

  const run = (what: "deploy" | "remove" = "deploy"): Promise<Ran> => {
    const here = { ...plan, environment: { ...plan.environment, ...cloud.env } };
    const known = requireValues({ ...here, programs: [] }, {});
    const values = { ...known, ...Object.fromEntries(plan.programs.map(({ value }) => [value, value])) };
    return runSteps({
      plan: here,
      steps: plan[what],
      folder: built.output,
      values,
      changes,
      approve: () => {},
      progress: openProgress(built.output, here, what, values),
      say: { step: (_, title) => said.push(title), note: (text) => said.push(text), line: (text) => said.push(text) },
      pause: async (time) => void paused.push(time),
    });
  };

  test("stops at the step that fails, says which and what to do, and goes on from there", async () => {
    await run();
    const whole = cloud.calls().map(lineOf);
    const wanted = JSON.stringify(cloud.state(target === "gcp" ? "tofu" : target === "azure" ? "az" : "aws"));
    const kinds = new Map(whole.map((line, index) => [line.split(" ").slice(0, 4).join(" "), index + 1]));
    for (const at of kinds.values()) {
      rmSync(cloud.folder, { recursive: true });
      cloud = createCloud();
      cloud.fail({ [`#${at}`]: { says: "it is raining", code: 9, times: 1 } });
      const failed = await run().catch((error: unknown) => error);
      const message = failed instanceof Error ? failed.message : "";
      const stopped = cloud.calls().map(lineOf);
      expect(stopped[at - 1], message).toBe(whole[at - 1]);
      expect(message).toMatch(/^step \d+\/\d+, ".+": it ended with 9:\nit is raining\n/);
      const command = /the command: (.*)/.exec(message)?.[1]?.replaceAll("'", "");
      expect(command).toBe(whole[at - 1]);
      expect(message).toMatch(/what to do: .+; then give the same command again: it goes on from here$/);
      // What tells why is all that is run after it.
      expect(stopped.length).toBeLessThanOrEqual(at + 1);
      await run();
      const after = cloud.calls().map(lineOf);
      expect(after[after.length - 1]).toBe(whole[whole.length - 1]);
      const again = after.filter(
        (line) => stopped.slice(0, at - 1).includes(line) && /cp |deploy --|package|config-zip/.test(line),
      );
      expect([at, again]).toEqual([at, []]);
      expect(
        JSON.stringify(cloud.state(target === "gcp" ? "tofu" : target === "azure" ? "az" : "aws")) === wanted,
      ).toBe(true);
    }
  }, 240_000);

  test("a plan that has changed begins at its beginning", async () => {
    cloud.fail({ "#6": { times: 1 } });
    await expect(run()).rejects.toThrow("step");
    cloud.calls();
    plan = { ...plan, stage: "other" };
    await run();
    plan = { ...plan, stage: "dev" };
    expect(said.some((text) => text.includes("done before"))).toBe(false);
  });

  test("what settles late is tried again, a while later each time, and not forever", async () => {
    if (!late) return expect(plan.deploy.filter(({ settles }) => settles)).toEqual([]);
    cloud.fail({ [late.command]: { says: late.says, times: 3 } });
    await run();
    expect(paused).toEqual([1000, 2000, 4000]);
    expect(cloud.calls().filter((call) => lineOf(call).includes(late.again))).toHaveLength(4);
    cloud.fail({ [late.command]: { says: late.says } });
    plan = { ...plan, stage: "again" };
    cloud.change(target === "gcp" ? "tofu" : "az", "shop-dev", "shop-old");
    if (target === "azure") cloud.change("az", '"shop-old"', '"shop-dev"');
    await expect(run()).rejects.toThrow(late.says);
    plan = { ...plan, stage: "dev" };
    expect(paused.slice(3).reduce((sum, time) => sum + time, 0)).toBeGreaterThanOrEqual(300_000);
  }, 60_000);
});
