// The settings of an emitted stack, each by itself.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Graph } from "../../../../src/contracts/graph.ts";
import type { BuiltApp } from "../../../build/built.ts";
import { remove } from "../../../dev/running.ts";
import { literalOf, type Template } from "./check.ts";
import { at, buildFixture, daily, emitted, one, read } from "./template.ts";

let built: BuiltApp;
let template: Template;
let graph: Graph;
beforeAll(() => {
  built = buildFixture();
  template = read(built.output);
  graph = JSON.parse(readFileSync(join(built.output, "graph.json"), "utf8")) as Graph;
}, 120_000);
afterAll(() => remove(built.folder));

const agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com";
const uriOf = (name: string): string => `\${google_cloudfunctions2_function.${name}.service_config[0].uri}`;
const emailOf = (name: string): string => `\${google_service_account.${name}.email}`;
const audienceOf = (name: string): string =>
  `https://everything-test-${name}-\${data.google_project.this.number}.\${var.region}.run.app`;

describe.each<readonly [string, Readonly<Record<string, unknown>>]>([
  [
    "google_pubsub_subscription.ship",
    {
      name: "everything-test-ship",
      topic: "${google_pubsub_topic.topic__pubsub__order_placed.id}",
      "push_config.push_endpoint": uriOf("ship"),
      "push_config.oidc_token": { service_account_email: emailOf("ship__push"), audience: audienceOf("ship") },
      "push_config.no_wrapper": undefined,
      ack_deadline_seconds: 90,
      filter: '(NOT attributes:faasteninbox) OR attributes.faasteninbox = "everything-test-ship"',
      message_retention_duration: "1209600s",
      expiration_policy: { ttl: "" },
      enable_message_ordering: false,
      retry_policy: { minimum_backoff: "10s", maximum_backoff: "600s" },
      dead_letter_policy: { dead_letter_topic: "${google_pubsub_topic.ship__dead.id}", max_delivery_attempts: 7 },
    },
  ],
  ["google_pubsub_subscription.rank", { enable_message_ordering: true, "dead_letter_policy.max_delivery_attempts": 5 }],
  ["google_pubsub_subscription.heard", { topic: "projects/other-project/topics/theirs-legacy" }],
  [
    "google_pubsub_subscription.ship__dead",
    {
      name: "everything-test-ship-dead",
      topic: "${google_pubsub_topic.ship__dead.id}",
      push_config: undefined,
      message_retention_duration: "2678400s",
      expiration_policy: { ttl: "" },
    },
  ],
  [
    "google_pubsub_topic.topic__pubsub__order_placed",
    {
      name: "everything-test-order-placed",
      message_storage_policy: { allowed_persistence_regions: ["${var.region}"] },
    },
  ],
  ["google_pubsub_topic.alarm", { name: "everything-test-alarm" }],
  ["google_pubsub_topic.receipts__changes", { name: "everything-test-receipts-changes" }],
  [
    "google_storage_notification.receipts__changes",
    {
      bucket: "${google_storage_bucket.receipts.name}",
      topic: "${google_pubsub_topic.receipts__changes.id}",
      payload_format: "JSON_API_V1",
      event_types: ["OBJECT_FINALIZE", "OBJECT_DELETE"],
      depends_on: ["google_pubsub_topic_iam_member.receipts__changes"],
    },
  ],
  ["google_storage_notification.archive__changes", { bucket: "cold-files" }],
  [
    "google_pubsub_topic_iam_member.receipts__changes",
    {
      topic: "${google_pubsub_topic.receipts__changes.id}",
      role: "roles/pubsub.publisher",
      member: "serviceAccount:${data.google_storage_project_service_account.this.email_address}",
    },
  ],
  [
    "google_pubsub_subscription.indexed",
    {
      name: "everything-test-indexed",
      topic: "${google_pubsub_topic.receipts__changes.id}",
      filter: "NOT attributes:overwrittenByGeneration",
      "push_config.push_endpoint": uriOf("indexed"),
      "push_config.oidc_token": { service_account_email: emailOf("indexed__push"), audience: audienceOf("indexed") },
      "dead_letter_policy.dead_letter_topic": "${google_pubsub_topic.indexed__dead.id}",
      "dead_letter_policy.max_delivery_attempts": 6,
    },
  ],
  ["google_pubsub_subscription.reindexed", { topic: "${google_pubsub_topic.receipts__changes.id}" }],
  ["google_pubsub_subscription.alarmed", { topic: "${google_pubsub_topic.alarm.id}", filter: undefined }],
  [
    "google_pubsub_topic_iam_member.ship__dead",
    { topic: "${google_pubsub_topic.ship__dead.id}", role: "roles/pubsub.publisher", member: agent },
  ],
  [
    "google_pubsub_subscription_iam_member.ship__dead",
    { subscription: "${google_pubsub_subscription.ship.id}", role: "roles/pubsub.subscriber", member: agent },
  ],
  [
    "google_service_account_iam_member.ship__push",
    { role: "roles/iam.serviceAccountOpenIdTokenCreator", member: agent },
  ],
  [
    "google_firestore_database.state__everything_test_state",
    {
      name: "everything-test-state",
      type: "FIRESTORE_NATIVE",
      location_id: "${var.region}",
      point_in_time_recovery_enablement: "POINT_IN_TIME_RECOVERY_ENABLED",
      delete_protection_state: "DELETE_PROTECTION_ENABLED",
      deletion_policy: "ABANDON",
    },
  ],
  ["google_firestore_database.state__money", { name: "money" }],
  [
    "google_firestore_field.orders__expires_at",
    { collection: "everything-test-orders", field: "expiresAt", ttl_config: {}, index_config: {} },
  ],
  ["google_firestore_field.orders__value", { field: "value", ttl_config: undefined, index_config: {} }],
  ["google_firestore_field.orders__nonce", { field: "nonce", ttl_config: undefined, index_config: {} }],
  ["google_firestore_field.ledger__value", { database: "${google_firestore_database.state__money.name}" }],
  [
    "google_storage_bucket.receipts",
    {
      name: "${var.project}-everything-test-receipts",
      uniform_bucket_level_access: true,
      public_access_prevention: "enforced",
      force_destroy: false,
      "soft_delete_policy.retention_duration_seconds": 604_800,
    },
  ],
  [
    "google_storage_bucket.faasten__source",
    {
      uniform_bucket_level_access: true,
      public_access_prevention: "enforced",
      force_destroy: true,
      lifecycle: undefined,
    },
  ],
  [
    "google_storage_bucket_object.ship",
    {
      name: expect.stringMatching(/^ship-[0-9a-f]{64}\.zip$/),
      source: "${path.module}/functions/ship.zip",
      lifecycle: { create_before_destroy: true },
    },
  ],
  [
    "google_cloud_scheduler_job.sweep",
    {
      schedule: "0 3 * * MON-FRI",
      time_zone: "Europe/Paris",
      region: "${var.region}",
      attempt_deadline: "90s",
      "retry_config.retry_count": 2,
      "retry_config.max_retry_duration": undefined,
      "http_target.uri": uriOf("sweep"),
      "http_target.http_method": "POST",
      "http_target.oidc_token": { service_account_email: emailOf("sweep__push"), audience: audienceOf("sweep") },
    },
  ],
  ["google_cloud_scheduler_job.often", { schedule: "*/15 * * * *", time_zone: "Etc/UTC" }],
  [
    "google_cloudfunctions2_function.ship",
    {
      name: "everything-test-ship",
      "build_config.runtime": "nodejs24",
      "build_config.entry_point": "handler",
      "build_config.service_account": "${google_service_account.faasten__build.id}",
      "service_config.service_account_email": emailOf("ship"),
      "service_config.available_memory": "1024Mi",
      "service_config.available_cpu": "1",
      "service_config.timeout_seconds": 60,
      "service_config.ingress_settings": "ALLOW_INTERNAL_ONLY",
      "service_config.all_traffic_on_latest_revision": true,
      "service_config.environment_variables.CLOUD_RUN_TIMEOUT_SECONDS": "60",
      "service_config.environment_variables.IGNORED_ROUTES": "",
      "service_config.environment_variables.NODE_ENV": "production",
      "service_config.environment_variables.FAASTEN_PUSH_AUDIENCE": audienceOf("ship"),
      "service_config.environment_variables.FAASTEN_PUSH_CALLER": emailOf("ship__push"),
      "service_config.environment_variables.FAASTEN_INBOX_SHIP":
        "projects/${var.project}/subscriptions/everything-test-ship",
    },
  ],
  [
    "google_cloudfunctions2_function.http",
    {
      "service_config.available_memory": "6000Mi",
      "service_config.available_cpu": "2",
      "service_config.timeout_seconds": 120,
      "service_config.ingress_settings": "ALLOW_ALL",
      "service_config.environment_variables.MODE": "slow",
      "service_config.environment_variables.FAASTEN_PUSH_CALLER": undefined,
    },
  ],
  ["google_cloudfunctions2_function.inside", { "service_config.ingress_settings": "ALLOW_ALL" }],
  [
    "google_cloud_run_v2_service_iam_member.ship__push",
    {
      name: "${google_cloudfunctions2_function.ship.name}",
      role: "roles/run.invoker",
      member: `serviceAccount:${emailOf("ship__push")}`,
    },
  ],
  ["google_cloud_run_v2_service_iam_member.http__public", { role: "roles/run.invoker", member: "allUsers" }],
  ["google_service_account.ship", { account_id: "everything-test-ship" }],
  ["google_service_account.ship__push", { account_id: "everything-test-ship-push" }],
  [
    "google_project_service.pubsub",
    { service: "pubsub.googleapis.com", disable_on_destroy: false, disable_dependent_services: undefined },
  ],
])("%s", (address, settings) => {
  test.each(Object.entries(settings))("%s", (path, wanted) => {
    expect(at(template.resource, address)).toBeDefined();
    expect(at(template.resource, `${address}.${path}`)).toEqual(wanted);
  });
});

const labelsOf = (type: string): readonly string[] => Object.keys(template.resource[type] ?? {}).sort();

test("the provider, its least Terraform, and a state that all who deploy share", () => {
  expect(template.terraform).toEqual({
    required_version: ">= 1.5.0",
    required_providers: { google: { source: "hashicorp/google", version: "~> 6.50" } },
    backend: { gcs: { prefix: "everything/test" } },
  });
  expect(emitted({ functions: [one("f", daily)] }, { localState: true }).terraform).not.toHaveProperty("backend");
});

test("a project and a region are asked for; another cloud's region is no default", () => {
  expect(template.variable["project"]).not.toHaveProperty("default");
  expect(at(template.variable, "region.default")).toBe("europe-west1");
  const elsewhere = emitted({ functions: [one("f", daily)] }, { region: "eu-west-1" });
  expect(elsewhere.variable["region"]).not.toHaveProperty("default");
});

test("what holds data is never destroyed, and nothing else is kept", () => {
  const holding = [
    "google_firestore_database",
    "google_firestore_field",
    "google_pubsub_subscription",
    "google_pubsub_topic",
  ];
  for (const [type, bodies] of Object.entries(template.resource))
    for (const [label, body] of Object.entries(bodies)) {
      const holds = holding.includes(type) || (type === "google_storage_bucket" && label !== "faasten__source");
      expect([type, label, at(body, "lifecycle.prevent_destroy")]).toEqual([type, label, holds ? true : undefined]);
    }
});

test("what is kept is listed, each with the id that it is taken over by", () => {
  const { retained } = JSON.parse(readFileSync(join(built.output, "retained.json"), "utf8")) as {
    readonly retained: readonly { readonly address: string; readonly id: string }[];
  };
  const kept = Object.entries(template.resource).flatMap(([type, bodies]) =>
    Object.entries(bodies).flatMap(([label, body]) =>
      at(body, "lifecycle.prevent_destroy") ? [`${type}.${label}`] : [],
    ),
  );
  expect(retained.map(({ address }) => address)).toEqual(kept.sort());
  const ids = Object.fromEntries(retained.map(({ address, id }) => [address, id]));
  expect(ids).toMatchObject({
    "google_firestore_database.state__money": "projects/{project}/databases/money",
    "google_firestore_field.ledger__value":
      "projects/{project}/databases/money/collectionGroups/everything-test-ledger/fields/value",
    "google_pubsub_subscription.ship": "projects/{project}/subscriptions/everything-test-ship",
    "google_pubsub_topic.ship__dead": "projects/{project}/topics/everything-test-ship-dead",
    "google_storage_bucket.receipts": "{project}/{project}-everything-test-receipts",
  });
  for (const id of Object.values(ids)) expect(id).toMatch(/^[\w{][\w/{}.-]+$/);
});

test("every deployable has an account of its own, and everything that is pushed to another beside it", () => {
  const names = graph.deployables.map(({ name }) => name);
  const pushed = names.filter((name) => name !== "http" && name !== "inside");
  expect(labelsOf("google_service_account")).toEqual(
    [...names, ...pushed.map((name) => `${name}__push`), "faasten__build"].sort(),
  );
  expect(labelsOf("google_cloudfunctions2_function")).toEqual([...names].sort());
  const accounts = labelsOf("google_service_account").map((label) =>
    at(template.resource, `google_service_account.${label}.account_id`),
  );
  expect(new Set(accounts).size).toBe(accounts.length);
});

test("only what is public is open: the rest is called by its own identity alone", () => {
  const members = Object.values(template.resource["google_cloud_run_v2_service_iam_member"] ?? {});
  expect(members.filter(({ member }) => member === "allUsers").map(({ name }) => name)).toEqual([
    "${google_cloudfunctions2_function.http.name}",
  ]);
  expect(JSON.stringify(template)).not.toContain("allAuthenticatedUsers");
  expect(labelsOf("google_cloud_run_v2_service_iam_member")).not.toContain("inside__public");
});

test("a bucket that nobody listens to tells nothing, and Cloud Storage gets no account", () => {
  const files = { name: "files", block: "bindings", type: "bindings.gcp.bucket", metadata: {} } as const;
  const quiet = emitted({ functions: [one("f", daily)], components: [files] });
  expect(quiet.resource).not.toHaveProperty("google_storage_notification");
  expect(quiet.data).not.toHaveProperty("google_storage_project_service_account");
  expect(template.data["google_storage_project_service_account"]).toEqual({
    this: { project: "${var.project}", depends_on: ["google_project_service.storage"] },
  });
});

test("what is there already gets no resource", () => {
  const text = JSON.stringify([
    template.resource["google_firestore_database"],
    template.resource["google_firestore_field"],
    template.resource["google_storage_bucket"],
    template.resource["google_pubsub_topic"],
  ]);
  for (const other of ["kept-by-others", "(default)", "other-project", "cold-files", "theirs"])
    expect(text).not.toContain(other);
});

test("a service gets the variables that its bundle reads, and no other of ours", () => {
  for (const { name, functions } of graph.deployables) {
    const bundle = readFileSync(join(built.output, "functions", name, "index.mjs"), "utf8");
    const reads = new Set(bundle.match(/FAASTEN_(?!INBOX_$)[A-Z0-9_]+[A-Z0-9]/g) ?? []);
    const own = graph.functions.filter((each) => functions.includes(each.name));
    const inboxes = own.flatMap((each) =>
      each.on.kind === "topic" ? [`FAASTEN_INBOX_${each.name.toUpperCase()}`] : [],
    );
    const label = name.toLowerCase();
    const given = Object.keys(
      Object(at(template.resource, `google_cloudfunctions2_function.${label}.service_config.environment_variables`)),
    );
    expect([name, given.filter((each) => each.startsWith("FAASTEN_")).sort()]).toEqual([
      name,
      [...reads, ...inboxes].sort(),
    ]);
  }
});

test("an app's own text comes back as it was written", () => {
  const text = at(template.resource, "google_cloudfunctions2_function.http.service_config.environment_variables.PLAIN");
  expect(literalOf(String(text))).toBe('a "quoted" $${text}, 100 %{ plain }\nof two lines, $$');
});

test("only the APIs that it needs are turned on", () => {
  expect(labelsOf("google_project_service")).toEqual([
    ...[
      "artifactregistry",
      "cloudbuild",
      "cloudfunctions",
      "cloudresourcemanager",
      "cloudscheduler",
      "firestore",
      "iam",
    ],
    ...["iamcredentials", "parametermanager", "pubsub", "run", "secretmanager", "storage"],
  ]);
  const small = emitted({ functions: [one("f", daily)] });
  for (const api of ["firestore", "pubsub", "secretmanager", "parametermanager", "iamcredentials"])
    expect(Object.keys(small.resource["google_project_service"] ?? {})).not.toContain(api);
});

test("no value of a secret is in it, and no secret is made", () => {
  expect(
    Object.keys(template.resource).filter((type) => /secret_manager_secret(?!_iam)|parameter_manager/.test(type)),
  ).toEqual([]);
  expect(JSON.stringify(template)).not.toContain("secret_data");
});
