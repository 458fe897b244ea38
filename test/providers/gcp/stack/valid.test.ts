// Emitted configurations against the provider's documented schema: nothing wrong in ours, and every planted fault found.
import { afterAll, describe, expect, test } from "vitest";
import type { BuiltApp } from "../../../build/built.ts";
import { buildApp } from "../../../build/built.ts";
import { remove } from "../../../dev/running.ts";
import { faultsOf, type Template } from "./check.ts";
import { buildFixture, read } from "./template.ts";

const built: BuiltApp[] = [];
afterAll(() => {
  for (const { folder } of built) remove(folder);
});

test.each([
  ["the orders app", () => buildApp("orders", "gcp")],
  ["an app that needs all that a stack makes", () => buildFixture()],
])(
  "nothing is wrong with the configuration of %s",
  (_, make) => {
    const app = make();
    built.push(app);
    expect(faultsOf(read(app.output))).toEqual([]);
  },
  120_000,
);

describe("a planted fault is found", () => {
  type Draft = Record<string, Record<string, unknown>>;
  interface Drafts {
    terraform: Record<string, unknown>;
    variable: Draft;
    resource: Record<string, Draft>;
    output: Record<string, unknown>;
  }
  const inside = (drafts: Drafts, type: string, label: string, path = ""): Record<string, unknown> =>
    path
      .split(".")
      .filter(Boolean)
      .reduce<Record<string, unknown>>((inner, key) => Object(inner[key]), drafts.resource[type]?.[label] ?? {});
  const service = "google_cloudfunctions2_function";
  const faults: readonly (readonly [string, string, (drafts: Drafts) => void])[] = [
    [
      "an argument that there is not",
      "ackDeadline: is no argument",
      (all) => Object.assign(inside(all, "google_pubsub_subscription", "ship"), { ackDeadline: 10 }),
    ],
    [
      "one that there is not in a block",
      "service_config.memory: is no argument",
      (all) => Object.assign(inside(all, service, "http", "service_config"), { memory: "1Gi" }),
    ],
    [
      "an argument of another kind",
      "ack_deadline_seconds: is no number",
      (all) => Object.assign(inside(all, "google_pubsub_subscription", "ship"), { ack_deadline_seconds: "ninety" }),
    ],
    [
      "a list for a text",
      "permissions: is no list of texts",
      (all) => Object.assign(inside(all, "google_project_iam_custom_role", "state_read"), { permissions: "a" }),
    ],
    [
      "a number among variables",
      "environment_variables: is no map of texts",
      (all) => Object.assign(inside(all, service, "http", "service_config.environment_variables"), { A: 1 }),
    ],
    ["an argument that is missing", "location: is missing", (all) => delete inside(all, service, "http")["location"]],
    [
      "one that is missing in a block",
      "push_endpoint: is missing",
      (all) => delete inside(all, "google_pubsub_subscription", "ship", "push_config")["push_endpoint"],
    ],
    [
      "a type that there is not",
      "google_pubsub_kew.a: there is no such type",
      (all) => Object.assign(all.resource, { google_pubsub_kew: { a: {} } }),
    ],
    [
      "a resource that is not there",
      "there is no google_service_account.nobody",
      (all) =>
        Object.assign(inside(all, service, "http", "service_config"), {
          service_account_email: "${google_service_account.nobody.email}",
        }),
    ],
    [
      "an attribute that there is not",
      "has no mail",
      (all) =>
        Object.assign(inside(all, service, "http", "service_config"), {
          service_account_email: "${google_service_account.http.mail}",
        }),
    ],
    [
      "a block that is read as a value",
      "has no service_config.uri",
      (all) =>
        Object.assign(inside(all, "google_pubsub_subscription", "ship", "push_config"), {
          push_endpoint: `\${${service}.ship.service_config.uri}`,
        }),
    ],
    [
      "a variable that is not there",
      "there is no var.zone",
      (all) => Object.assign(inside(all, service, "http"), { location: "${var.zone}" }),
    ],
    [
      "a name that Terraform keeps",
      "keeps this name",
      (all) => Object.assign(all.variable, { source: { type: "string" } }),
    ],
    [
      "a label that is none",
      "is no identifier",
      (all) => Object.assign(all.resource["google_pubsub_topic"] ?? {}, { "a.b": { name: "abc" } }),
    ],
    [
      "a setting of lifecycle that is computed",
      "no literal setting",
      (all) =>
        Object.assign(inside(all, "google_pubsub_topic", "ship__dead"), {
          lifecycle: { prevent_destroy: "${var.project}" },
        }),
    ],
    [
      "what waits for nothing that there is",
      "which is not there",
      (all) =>
        Object.assign(inside(all, "google_pubsub_topic", "ship__dead"), { depends_on: ["google_project_service.pub"] }),
    ],
    [
      "a circle",
      "waits for itself",
      (all) =>
        Object.assign(inside(all, service, "ship", "service_config.environment_variables"), {
          A: "${google_pubsub_subscription.ship.id}",
        }),
    ],
    [
      "a directive",
      "a directive in",
      (all) => Object.assign(inside(all, service, "http"), { description: "%{ if x }" }),
    ],
    [
      "an expression without an end",
      "without an end",
      (all) => Object.assign(inside(all, service, "http"), { description: "${x" }),
    ],
    ["a block that Terraform has not", "no block of Terraform's", (all) => Object.assign(all, { resources: {} })],
  ];

  test.each(faults)("%s", (_, said, plant) => {
    const { output } = built.at(-1) ?? {};
    if (output === undefined) throw new Error("nothing was built");
    const drafts = structuredClone(read(output)) as unknown as Drafts;
    plant(drafts);
    expect(faultsOf(drafts as unknown as Template).join("\n")).toContain(said);
  });
});
