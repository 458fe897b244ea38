// What else holds data: databases and buckets, and the topics of bindings.
// https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/firestore_database
// https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/firestore_field
// https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/storage_bucket
import type { GraphComponent, StackInput } from "../../../src/provider.ts";
import { bucketName, isBindingMade, isDatabaseMade, placeOf } from "./locations.ts";
import {
  attribute,
  type Body,
  join,
  kept,
  label,
  madeBy,
  physical,
  project,
  type Resources,
  region,
  sources,
} from "./template.ts";
import { topicOf } from "./topics.ts";

export function databaseLabel(name: string): string {
  return label("state", name);
}

/** Components share a database unless their YAML says otherwise. */
export function databaseResources(input: StackInput): Resources {
  const places = input.graph.components
    .filter((component) => component.type === "state.gcp.firestore.native" && isDatabaseMade(component, input))
    .map((component) => placeOf(component, input).database);
  if (places.length === 0) return {};
  return { google_firestore_database: Object.fromEntries(places.map((name) => [databaseLabel(name), database(name)])) };
}

function database(name: string): Body {
  return {
    name,
    location_id: region,
    type: "FIRESTORE_NATIVE",
    point_in_time_recovery_enablement: "POINT_IN_TIME_RECOVERY_ENABLED",
    delete_protection_state: "DELETE_PROTECTION_ENABLED",
    deletion_policy: "ABANDON",
    lifecycle: kept,
    depends_on: madeBy("firestore"),
  };
}

/** What expires is swept, and nothing is found by its value: an index would hold each twice, and only the first 1500 bytes. */
export function collectionResources(component: GraphComponent, input: StackInput): Resources {
  if (component.type !== "state.gcp.firestore.native" || !isDatabaseMade(component, input)) return {};
  const { database: name, collection } = placeOf(component, input);
  const field = (of: string, more: Body = {}): readonly [string, Body] => [
    label(component.name, of),
    {
      database: attribute("google_firestore_database", databaseLabel(name), "name"),
      collection,
      field: of,
      ...more,
      index_config: {},
      lifecycle: kept,
    },
  ];
  return {
    google_firestore_field: Object.fromEntries([
      field("expiresAt", { ttl_config: {} }),
      field("nonce"),
      field("value"),
    ]),
  };
}

export function bindingResources(component: GraphComponent, input: StackInput): Resources {
  if (isBindingMade(component, "topic", input))
    return { google_pubsub_topic: { [label(component.name)]: topicOf(physical(input, component.name, 255)) } };
  if (!isBindingMade(component, "bucket", input)) return {};
  return {
    google_storage_bucket: {
      [label(component.name)]: { name: bucketName(component, input), ...privately, ...recoverable, lifecycle: kept },
    },
  };
}

/** Of no object is said who may read it, and nobody outside may. */
const privately = {
  location: region,
  uniform_bucket_level_access: true,
  public_access_prevention: "enforced",
  depends_on: madeBy("storage"),
} as const;

/** Seven days. */
const recoverable = { force_destroy: false, soft_delete_policy: { retention_duration_seconds: 604_800 } } as const;

/** Of the archives that functions are built from: they are made again by every build. */
export function sourceResources(input: StackInput): Resources {
  const name = join(project, `-${physical(input, "faasten-source", 32)}`);
  return {
    google_storage_bucket: {
      [sources]: { name, ...privately, force_destroy: true, soft_delete_policy: { retention_duration_seconds: 0 } },
    },
  };
}
