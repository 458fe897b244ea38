// An emitted configuration of Terraform, made real as far as the servers here go: topics, subscriptions and buckets are created as
// it says; services, their environments and what they may do are read out of it.
// https://developer.hashicorp.com/terraform/language/expressions/references
import { partsOf, type Template } from "../providers/gcp/stack/check.ts";
import type { PubSubServer, SubscriptionSettings } from "./pubsub.ts";

export const project = "shop-7";
export const region = "europe-west1";
const projectNumber = "123456789012";
/** In whose name Cloud Storage publishes. */
export const storageAgent = `service-${projectNumber}@gs-project-accounts.iam.gserviceaccount.com`;

/** One right of one member on one resource. */
export interface AllowedThere {
  readonly member: string;
  readonly permission: string;
  readonly resource: string;
}

export interface AppliedService {
  /** As its function is called: the last part of its archive's path. */
  readonly deployable: string;
  readonly name: string;
  readonly account: string;
  readonly environment: Readonly<Record<string, string>>;
  /** For which a token may be made that reaches it. */
  readonly audiences: readonly string[];
}

export interface Applied {
  readonly services: readonly AppliedService[];
  readonly allowed: readonly AllowedThere[];
  /** Bucket → the topic that is told what happens in it, and of what. */
  readonly notifications: readonly {
    readonly bucket: string;
    readonly topic: string;
    readonly events: readonly string[];
  }[];
  /** By its short name, as it was made. */
  subscription(name: string): SubscriptionSettings;
}

export interface ApplyOptions {
  readonly pubsub: PubSubServer;
  createBucket(name: string): void;
  /** Where the service of that name answers. */
  addressOf(service: string): string;
  /** In place of the configuration's own, which no test waits for. */
  readonly retryPolicy: NonNullable<SubscriptionSettings["retryPolicy"]>;
}

type Body = Readonly<Record<string, unknown>>;

export function apply({ resource }: Template, { pubsub, createBucket, addressOf, retryPolicy }: ApplyOptions): Applied {
  const of = (type: string): readonly (readonly [string, Body])[] => Object.entries(resource[type] ?? {});
  const bodyOf = (type: string, label: string): Body => {
    const found = resource[type]?.[label];
    if (!found) throw new Error(`there is no ${type}.${label}`);
    return found;
  };

  function text(value: unknown): string {
    if (typeof value !== "string") throw new Error(`this is no text: ${JSON.stringify(value)}`);
    return partsOf(value)
      .map((part) => (typeof part === "string" ? part : valueOf(part.code)))
      .join("");
  }

  function valueOf(code: string): string {
    const fixed = variables[code] ?? /^"([^"\\]*)"$/.exec(code)?.[1];
    if (fixed !== undefined) return fixed;
    const [, type = "", label = "", field = ""] = /^(\w+)\.(\w+)\.([\w.[\]]+)$/.exec(code) ?? [];
    const own = bodyOf(type, label);
    const email = (): string => `${text(own["account_id"])}@${project}.iam.gserviceaccount.com`;
    switch (`${type}.${field}`) {
      case "google_service_account.email":
        return email();
      case "google_service_account.id":
        return `projects/${project}/serviceAccounts/${email()}`;
      case "google_pubsub_topic.id":
        return `projects/${project}/topics/${text(own["name"])}`;
      case "google_pubsub_subscription.id":
        return `projects/${project}/subscriptions/${text(own["name"])}`;
      case "google_cloudfunctions2_function.service_config[0].uri":
        return addressOf(text(own["name"]));
      case "google_project_iam_custom_role.name":
        return `projects/${project}/roles/${text(own["role_id"])}`;
    }
    if (field === "name") return text(own["name"]);
    throw new Error(`this is not understood: ${code}`);
  }

  for (const [, { name }] of of("google_storage_bucket")) createBucket(text(name));
  for (const [, { name }] of of("google_pubsub_topic")) pubsub.createTopic(`projects/${project}/topics/${text(name)}`);
  const subscriptions = new Map<string, SubscriptionSettings>();
  for (const [, body] of of("google_pubsub_subscription")) {
    const {
      push_config: push,
      dead_letter_policy: dead,
      retry_policy: retry,
      filter,
    } = body as Readonly<Record<string, Body>>;
    const { service_account_email: email, audience } = Object(push?.["oidc_token"]);
    const settings: SubscriptionSettings = {
      topic: text(body["topic"]),
      ackDeadlineSeconds: Number(body["ack_deadline_seconds"]),
      enableMessageOrdering: body["enable_message_ordering"] === true,
      ...(filter !== undefined && { filter: text(filter) }),
      ...(push && {
        pushConfig: {
          pushEndpoint: text(push["push_endpoint"]),
          oidcToken: { serviceAccountEmail: text(email), audience: text(audience) },
        },
      }),
      ...(dead && {
        deadLetterPolicy: {
          deadLetterTopic: text(dead["dead_letter_topic"]),
          maxDeliveryAttempts: Number(dead["max_delivery_attempts"]),
        },
      }),
      ...(retry && { retryPolicy }),
    };
    subscriptions.set(text(body["name"]), settings);
    pubsub.createSubscription(`projects/${project}/subscriptions/${text(body["name"])}`, settings);
  }

  const custom = new Map(
    of("google_project_iam_custom_role").map(([label, { permissions }]) => [
      valueOf(`google_project_iam_custom_role.${label}.name`),
      permissions as readonly string[],
    ]),
  );
  const allowed = Object.entries(places).flatMap(([type, place]) =>
    of(type).flatMap(([, body]): readonly AllowedThere[] => {
      const role = text(body["role"]);
      const permissions = custom.get(role) ?? predefined[role];
      if (!permissions) throw new Error(`nobody knows the role ${role}`);
      const { expression } = Object(body["condition"]);
      const on = expression === undefined ? place(text(body[argumentOf(type)])) : conditionOf(text(expression));
      return permissions.map((permission) => ({ member: text(body["member"]), permission, resource: on }));
    }),
  );

  return {
    allowed,
    notifications: of("google_storage_notification").map(([, { bucket, topic, event_types }]) => ({
      bucket: text(bucket),
      topic: text(topic),
      events: event_types as readonly string[],
    })),
    services: of("google_cloudfunctions2_function").map(([label, { name, service_config }]) => {
      const { service_account_email: email, environment_variables } = service_config as Readonly<Record<string, Body>>;
      const [, deployable = ""] =
        /\/functions\/(\w+)\.zip$/.exec(text(bodyOf("google_storage_bucket_object", label)["source"])) ?? [];
      return {
        deployable,
        name: text(name),
        account: text(email),
        environment: Object.fromEntries(
          Object.entries(environment_variables ?? {}).map(([variable, value]) => [text(variable), text(value)]),
        ),
        audiences: [addressOf(text(name)), `https://${text(name)}-${projectNumber}.${region}.run.app`],
      };
    }),
    subscription(name) {
      const found = subscriptions.get(name);
      if (!found) throw new Error(`there is no subscription ${name}`);
      return found;
    },
  };
}

const variables: Readonly<Record<string, string>> = {
  "var.project": project,
  "var.region": region,
  "data.google_project.this.number": projectNumber,
  "data.google_storage_project_service_account.this.email_address": storageAgent,
  "path.module": ".",
};

/** By the type of a binding, how what it names is called where calls are told apart. */
const places: Readonly<Record<string, (named: string) => string>> = {
  google_cloud_run_v2_service_iam_member: (name) => name,
  google_project_iam_member: (name) => `projects/${name}`,
  google_pubsub_subscription_iam_member: (id) => id,
  google_pubsub_topic_iam_member: (id) => id,
  google_secret_manager_secret_iam_member: (id) => id,
  google_service_account_iam_member: (id) => id,
  google_storage_bucket_iam_member: (name) => name,
};

function argumentOf(type: string): string {
  const [, of = ""] = /^google_(.+)_iam_member$/.exec(type) ?? [];
  return (
    { cloud_run_v2_service: "name", secret_manager_secret: "secret_id", service_account: "service_account_id" }[of] ??
    of.replace(/^\w+_/, "")
  );
}

/** The one form in which our conditions name a resource; another's holds for nothing here. */
function conditionOf(expression: string): string {
  return /^resource\.name == "([^"]+)"$/.exec(expression)?.[1] ?? "unknown";
}

/** Google's own, as https://docs.cloud.google.com/iam/docs/roles-permissions has them, as far as calls here need them. */
const predefined: Readonly<Record<string, readonly string[]>> = {
  "roles/artifactregistry.writer": [],
  "roles/eventarc.eventReceiver": ["eventarc.events.receiveEvent"],
  "roles/iam.serviceAccountOpenIdTokenCreator": ["iam.serviceAccounts.getOpenIdToken"],
  "roles/logging.logWriter": ["logging.logEntries.create"],
  "roles/pubsub.publisher": ["pubsub.topics.publish"],
  "roles/pubsub.subscriber": ["pubsub.subscriptions.consume"],
  "roles/run.invoker": ["run.routes.invoke"],
  "roles/secretmanager.secretAccessor": ["secretmanager.versions.access"],
  "roles/storage.objectViewer": ["storage.objects.get", "storage.objects.list"],
};
