// Plans, run by the command line on programs of ours that stand for each cloud's own.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Plan } from "../../src/contracts/plan.ts";
import { makeApp, remove, save } from "../dev/running.ts";
import { app, type Cloud, createCloud, faasten, lineOf, type Told } from "./fakes.ts";

interface Target {
  readonly name: string;
  /** How each command begins, in the order of a first deployment. */
  readonly first: readonly string[];
  /** The one that changes the cloud. */
  readonly changes: string;
  /** Patterns of what the plan and the cloud's state call what holds data, and what runs. */
  readonly data: readonly string[];
  readonly runs: readonly string[];
  /** Where what is deployed is told. */
  readonly program: string;
  readonly resourcesOf: (state: Readonly<Record<string, unknown>>) => unknown;
}

const upload = ["aws s3 cp", "aws s3 cp", "aws s3 cp"];
const targets: readonly Target[] = [
  {
    name: "aws",
    first: [
      "aws cloudformation describe-stacks",
      "aws cloudformation deploy",
      "aws cloudformation describe-stack-resource",
      ...upload,
      "aws cloudformation delete-change-set",
      "aws cloudformation create-change-set",
      "aws cloudformation wait",
      "aws cloudformation describe-change-set",
      "aws cloudformation execute-change-set",
      "aws cloudformation wait",
      "aws cloudformation describe-stacks",
    ],
    changes: "aws cloudformation execute-change-set",
    data: ["OrdersTable", "PubsubOrderPlacedTopic", "ShipInbox", "ShipInboxDead"],
    runs: ["PlaceFunction", "ShipFunction", "SweepFunction", "HttpApi"],
    program: "aws",
    resourcesOf: ({ stacks }) => Object(stacks)["shop-dev"]?.resources,
  },
  {
    name: "azure",
    first: [
      "az account show",
      "az group exists",
      "az group create",
      ...[..."12345678"].map(() => "az provider register"),
      "az deployment group what-if",
      "az deployment group create",
      "az functionapp deployment source config-zip",
      "az deployment group show",
    ],
    changes: "az deployment group create",
    data: ["shop-dev.orders", "order-placed", "shop-dev-ship.inbox", "shop-dev-ship.inbox-dead"],
    runs: ["Microsoft.Web/sites\\b", "Microsoft.Web/serverfarms\\b"],
    program: "az",
    resourcesOf: (state) => Object(state["shop-dev"]).resources,
  },
  {
    name: "gcp",
    first: [
      "gcloud config get-value project",
      "gcloud services enable",
      "gcloud storage buckets describe",
      "gcloud storage buckets create",
      "gcloud storage buckets update",
      ...["tofu init", "tofu plan", "tofu show -json", "tofu apply", "tofu output"],
    ],
    changes: "tofu apply",
    data: [
      ...["google_firestore_database\\.\\w+", "google_pubsub_topic\\.topic__pubsub__order_placed"],
      ...["google_pubsub_topic\\.ship__dead", "google_pubsub_subscription\\.ship"],
    ],
    runs: ["google_cloudfunctions2_function\\.http", "google_cloud_scheduler_job\\.sweep"],
    program: "tofu",
    resourcesOf: (state) => state["acme-1-shop-dev-state"],
  },
];

describe.each(targets)("on $name", ({ name: target, first, changes, data, runs, program, resourcesOf }) => {
  let folder: string;
  let cloud: Cloud;
  const run = (...parameters: readonly string[]): Told => {
    const [command = "", ...rest] = parameters;
    return faasten(folder, cloud, [command, "--target", target, ...rest]);
  };
  const verbs = (): readonly string[] =>
    cloud.calls().map((call) => {
      const found = first.find((one) =>
        lineOf(call)
          .replace(/ -chdir=\S+/, "")
          .startsWith(one),
      );
      return found ?? lineOf(call);
    });
  const deployed = (): string => JSON.stringify(cloud.state(program));
  /** Of the first stage. */
  const left = (): readonly string[] => Object.keys(Object(resourcesOf(cloud.state(program))));
  const missing = (patterns: readonly string[]): readonly string[] =>
    patterns.filter((one) => !left().some((name) => new RegExp(one).test(name)));
  const planOf = (): Plan => JSON.parse(readFileSync(join(folder, ".faasten", target, "deploy.json"), "utf8")) as Plan;

  beforeAll(() => {
    folder = makeApp(app);
    cloud = createCloud();
  });
  afterAll(() => {
    remove(folder);
    rmSync(cloud.folder, { recursive: true });
  });

  test("--dry-run prints every command, and runs none", () => {
    const { status, stdout } = run("deploy", "--dry-run");
    expect(status).toBe(0);
    for (const one of first) expect(stdout).toContain(one);
    expect(cloud.calls()).toEqual([]);
  });

  test("plan of what is not there yet: all of it comes, and nothing is made", () => {
    const { status, stdout, stderr } = run("plan");
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    for (const one of [...data, ...runs]) expect(stdout).toMatch(new RegExp(`\\+ comes .*${one}`));
    expect(stdout).toContain("POST /orders/:id  place  src/shop.ts:6");
    expect(stdout).toMatch(/place may readWrite orders {2}src\/shop\.ts:6|orders.*\n.*src\/shop\.ts:6/);
    expect(cloud.calls().map(lineOf).join("\n")).not.toMatch(/create|deploy |apply|cp /);
  });

  test("deploy runs the steps in their order, tells of each, and of where it answers", () => {
    const { status, stdout, stderr } = run("deploy");
    expect([status, stderr]).toEqual([0, ""]);
    expect(verbs()).toEqual(first);
    expect(stdout).toMatch(/\[1\/\d+\]/);
    expect(stdout).toMatch(/https:\/\/|the-appurl/);
    expect(missing([...data, ...runs])).toEqual([]);
  });

  test("the same again changes nothing", () => {
    const before = deployed();
    expect(run("deploy").status).toBe(0);
    // A template of Azure's does not tell whether the code is the same.
    if (target !== "azure") expect(verbs()).not.toContain(changes);
    expect(deployed() === before).toBe(true);
    const { stdout } = run("plan");
    expect(stdout).toContain("none: all of it is as it should be");
    expect(deployed() === before).toBe(true);
  });

  test("another stage shares no name with the first", () => {
    const own = planOf();
    expect(run("deploy", "--stage", "prod").status).toBe(0);
    const other = planOf();
    const names = (plan: Plan): readonly string[] => plan.resources.flatMap(({ physical }) => physical ?? []);
    expect(names(own).length).toBeGreaterThan(0);
    expect(names(own).filter((one) => names(other).includes(one))).toEqual([]);
    expect(own.archives).toEqual(other.archives);
  });

  test("remove takes away what runs and keeps what holds data, and the next deploy has it again", () => {
    const removed = run("remove");
    expect([removed.status, removed.stderr]).toEqual([0, ""]);
    expect(missing(data)).toEqual([]);
    expect(missing(runs)).toEqual(runs);
    const { stdout } = run("plan");
    for (const one of data) expect(stdout).not.toMatch(new RegExp(`comes .*${one}\\b`));
    for (const one of runs) expect(stdout).toMatch(new RegExp(`comes .*${one}`));
    expect(run("deploy").status).toBe(0);
    expect(missing([...data, ...runs])).toEqual([]);
    expect(run("remove").status).toBe(0);
    expect(run("remove").status).toBe(0);
  });

  test("a program that is not there is named, with where to get it", () => {
    const nothing = createCloud([]);
    const { status, stderr } = faasten(
      folder,
      { ...nothing, env: { ...nothing.env, PATH: join(nothing.folder, "bin") } },
      ["deploy", "--target", target],
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/MISCONFIGURED {2}there is no `\w+`.* on the PATH: install .*https:/);
    rmSync(nothing.folder, { recursive: true });
  });
});

describe("what holds data", () => {
  let folder: string;
  let cloud: Cloud;
  beforeAll(() => {
    folder = makeApp(app);
    cloud = createCloud();
  });
  afterAll(() => {
    remove(folder);
    rmSync(cloud.folder, { recursive: true });
  });

  test("is not replaced unless it is named", () => {
    expect(faasten(folder, cloud, ["deploy", "--target", "aws"]).status).toBe(0);
    cloud.change("aws", '"shop-dev-orders"', '"shop-dev-orders-of-old"');
    cloud.calls();
    const planned = faasten(folder, cloud, ["plan", "--target", "aws"]);
    expect(planned.status).toBe(1);
    expect(planned.stdout).toMatch(/! is replaced AWS::DynamoDB::Table +OrdersTable {2}holds data/);
    expect(planned.stdout).toContain("--replace OrdersTable");
    const refused = faasten(folder, cloud, ["deploy", "--target", "aws"]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(
      /^CONFLICT {2}OrdersTable \(AWS::DynamoDB::Table\) would be replaced, and holds data/,
    );
    expect(faasten(folder, cloud, ["deploy", "--target", "aws", "--replace", "OtherTable"]).status).toBe(1);
    expect(cloud.calls().map(lineOf).join("\n")).not.toContain("execute-change-set");
    expect(faasten(folder, cloud, ["plan", "--target", "aws", "--replace", "OrdersTable"]).status).toBe(0);
    expect(faasten(folder, cloud, ["deploy", "--target", "aws", "--replace", "OrdersTable"]).status).toBe(0);
    expect(cloud.calls().map(lineOf).join("\n")).toContain("execute-change-set");
  });

  test("and leaves the app, stays", () => {
    const without = (app["src/shop.ts"] ?? "").replace(/export const ship[\s\S]*?\n\}\);\n/, "");
    save(folder, "src/shop.ts", without);
    const { status, stdout } = faasten(folder, cloud, ["plan", "--target", "aws"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/= is kept +AWS::SQS::Queue +ShipInbox {2}holds data/);
    expect(stdout).toMatch(/- goes +AWS::Lambda::Function +ShipFunction\n/);
  });
});
