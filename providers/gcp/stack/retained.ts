// What outlives the stack. Before the rest is destroyed, Terraform has to forget it (`state rm <address>`); before the next
// deployment, what of it is there is taken over again (`import <address> <id>`).
// https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle#prevent_destroy
import { type Body, Expression, type Json, kept, type Resources } from "./template.ts";

export interface Retained {
  readonly address: string;
  /** As Terraform imports it; `{project}` stands for the project's id. */
  readonly id: string;
}

export function retainedOf(resources: Resources): { readonly retained: readonly Retained[] } {
  const retained = Object.entries(resources).flatMap(([type, bodies]) =>
    Object.entries(bodies)
      .filter(([, body]) => body["lifecycle"] === kept)
      .map(([label, body]) => ({ address: `${type}.${label}`, id: ids[type]?.(body, resources) ?? "" })),
  );
  return { retained: retained.sort((a, b) => (a.address < b.address ? -1 : 1)) };
}

/** As the provider documents them, a type each. */
const ids: Readonly<Record<string, (body: Body, resources: Resources) => string>> = {
  google_firestore_database: ({ name }) => `projects/{project}/databases/${text(name)}`,
  google_firestore_field: ({ database, collection, field }, resources) => {
    const label = database instanceof Expression ? /\.(\w+)\.name$/.exec(codeOf(database))?.[1] : undefined;
    const name = resources["google_firestore_database"]?.[label ?? ""]?.["name"];
    return `projects/{project}/databases/${text(name)}/collectionGroups/${text(collection)}/fields/${text(field)}`;
  },
  google_pubsub_subscription: ({ name }) => `projects/{project}/subscriptions/${text(name)}`,
  google_pubsub_topic: ({ name }) => `projects/{project}/topics/${text(name)}`,
  google_storage_bucket: ({ name }) => `{project}/${text(name)}`,
};

function text(value: Json | undefined): string {
  if (!(value instanceof Expression)) return String(value);
  return value.parts.map((part) => (typeof part === "string" ? part : "{project}")).join("");
}

function codeOf({ parts }: Expression): string {
  return parts.map((part) => (typeof part === "string" ? part : part.code)).join("");
}
