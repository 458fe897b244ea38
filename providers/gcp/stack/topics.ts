// Topics, and each subscriber's inbox: a push subscription, with a topic for its dead letters that a pull subscription keeps.
// https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/pubsub_subscription
// https://docs.cloud.google.com/pubsub/docs/dead-letter-topics
// https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/storage_notification
import { FaastenError, type GraphComponent, type GraphFunction, type StackInput } from "../../../src/provider.ts";
import { addressOf, inboxName, limitsOf, tokenOf } from "./functions.ts";
import { areTopicsMade, bindingPath, bucketPath, topicLabel, topicName, topicPath } from "./locations.ts";
import {
  attribute,
  type Body,
  code,
  join,
  kept,
  label,
  madeBy,
  physical,
  projectNumber,
  type Resources,
  region,
  type Text,
} from "./template.ts";

/** Each topic that is published to or subscribed to, once. */
export function topicResources(component: GraphComponent, input: StackInput): Resources {
  if (!areTopicsMade(component, input)) return {};
  const topics = new Set<string>();
  for (const { component: name, right, resource = "" } of input.graph.grants)
    if (name === component.name && right === "publish") topics.add(resource);
  for (const { on } of input.graph.functions)
    if (on.kind === "topic" && on.pubsub === component.name) topics.add(on.topic);
  return {
    google_pubsub_topic: Object.fromEntries(
      [...topics].map((topic) => [topicLabel(component, topic), topicOf(topicName(topic, input))]),
    ),
  };
}

/** Messages are kept where everything else is: order is promised within one region. */
export function topicOf(name: Text): Body {
  return {
    name,
    message_storage_policy: { allowed_persistence_regions: [region] },
    lifecycle: kept,
    depends_on: madeBy("pubsub"),
  };
}

export function inboxResources(one: GraphFunction, input: StackInput): Resources {
  const source = sourceOf(one, input);
  if (!source) return {};
  const { name } = one;
  const inbox = inboxName(name, input);
  const [own, dead] = [label(name), label(name, "dead")];
  const agent = join("serviceAccount:service-", projectNumber, "@gcp-sa-pubsub.iam.gserviceaccount.com");
  return {
    google_pubsub_topic: { [dead]: topicOf(`${inbox}-dead`) },
    google_pubsub_subscription: {
      [dead]: {
        name: `${inbox}-dead`,
        topic: attribute("google_pubsub_topic", dead, "id"),
        ack_deadline_seconds: 60,
        message_retention_duration: days(31),
        expiration_policy: never,
        lifecycle: kept,
      },
      [own]: {
        name: inbox,
        topic: source.topic,
        ...(source.filter !== undefined && { filter: source.filter }),
        push_config: { push_endpoint: addressOf(name), oidc_token: tokenOf(name, input) },
        ack_deadline_seconds: Math.min(mostDeadline, limitsOf(name, input).timeout + 30),
        message_retention_duration: days(14),
        expiration_policy: never,
        enable_message_ordering: source.ordered,
        retry_policy: { minimum_backoff: "10s", maximum_backoff: "600s" },
        // Pub/Sub counts from five; fewer are counted by the runtime.
        dead_letter_policy: {
          dead_letter_topic: attribute("google_pubsub_topic", dead, "id"),
          max_delivery_attempts: Math.max(5, source.attempts),
        },
        lifecycle: kept,
        depends_on: [
          `google_cloud_run_v2_service_iam_member.${label(name, "push")}`,
          `google_pubsub_subscription.${dead}`,
          `google_pubsub_topic_iam_member.${dead}`,
          `google_service_account_iam_member.${label(name, "push")}`,
        ],
      },
    },
    // Pub/Sub moves what it gives up in its own name.
    google_pubsub_topic_iam_member: {
      [dead]: { topic: attribute("google_pubsub_topic", dead, "id"), role: "roles/pubsub.publisher", member: agent },
    },
    google_pubsub_subscription_iam_member: {
      [dead]: {
        subscription: attribute("google_pubsub_subscription", own, "id"),
        role: "roles/pubsub.subscriber",
        member: agent,
      },
    },
    // And makes the tokens by which it is known here.
    google_service_account_iam_member: {
      [label(name, "push")]: {
        service_account_id: attribute("google_service_account", label(name, "push"), "id"),
        role: "roles/iam.serviceAccountOpenIdTokenCreator",
        member: agent,
        // There is no such agent before the first topic.
        depends_on: [`google_pubsub_topic.${dead}`],
      },
    },
  };
}

/** What a bucket tells, once for all who listen: it has ten notifications of a kind at most. */
export function changeResources(component: GraphComponent, input: StackInput): Resources {
  const heard = input.graph.functions.some(({ on }) => on.kind === "binding" && on.binding === component.name);
  if (component.type !== "bindings.gcp.bucket" || !heard) return {};
  const own = label(component.name, "changes");
  const topic = attribute("google_pubsub_topic", own, "id");
  return {
    google_pubsub_topic: { [own]: topicOf(physical(input, `${component.name}-changes`, 250)) },
    // Cloud Storage publishes in its own name.
    google_pubsub_topic_iam_member: {
      [own]: {
        topic,
        role: "roles/pubsub.publisher",
        member: join("serviceAccount:", code("data.google_storage_project_service_account.this.email_address")),
      },
    },
    google_storage_notification: {
      [own]: {
        bucket: bucketPath(component, input),
        topic,
        payload_format: "JSON_API_V1",
        event_types: ["OBJECT_FINALIZE", "OBJECT_DELETE"],
        depends_on: [`google_pubsub_topic_iam_member.${own}`],
      },
    },
  };
}

/** What a subscriber or an input hears, and which of it. */
interface Source {
  readonly topic: Text;
  readonly filter?: string;
  readonly ordered: boolean;
  readonly attempts: number;
}

function sourceOf({ name, on }: GraphFunction, input: StackInput): Source | undefined {
  if (on.kind !== "topic" && on.kind !== "binding") return undefined;
  const from = on.kind === "topic" ? on.pubsub : on.binding;
  const component = input.graph.components.find((each) => each.name === from);
  const { attempts } = on;
  if (on.kind === "binding") {
    if (component?.type === "bindings.gcp.pubsub")
      return { topic: bindingPath(component, input), ordered: false, attempts };
    if (component?.type !== "bindings.gcp.bucket") return undefined;
    const topic = attribute("google_pubsub_topic", label(component.name, "changes"), "id");
    // The version before, which somebody has written over: the object is still there.
    return { topic, filter: "NOT attributes:overwrittenByGeneration", ordered: false, attempts };
  }
  // What is kept in memory, or in a file, sends nothing to anybody else.
  if (component?.type !== "pubsub.gcp.pubsub") return undefined;
  const inbox = inboxName(name, input);
  const filter = `(NOT attributes:${inboxAttribute}) OR attributes.${inboxAttribute} = "${inbox}"`;
  return { topic: topicPath(component, on.topic, input), filter, ordered: on.ordered, attempts };
}

/** As providers/gcp/pubsub/pubsub.ts sets it on what it sends back. */
const inboxAttribute = "faasteninbox";

/** Seconds: the longest that Pub/Sub waits for an answer. */
const mostDeadline = 600;
const never = { ttl: "" } as const;
const days = (count: number): string => `${count * 24 * 60 * 60}s`;

/** Two of one topic who do not agree: Pub/Sub itself keeps the order for each subscription alone, and other clouds do not. */
export function checkOrder({ graph }: StackInput): void {
  const topics = new Map<string, boolean>();
  const add = (component: string, topic: string, ordered: boolean): void => {
    const key = `${component} ${topic}`;
    if ((topics.get(key) ?? ordered) !== ordered) {
      const message = `the topic ${topic} is declared with \`orderBy\` and without it: it is in order for all, or for nobody`;
      throw new FaastenError("MISCONFIGURED", message);
    }
    topics.set(key, ordered);
  };
  for (const { component, right, resource = "", ordered } of graph.grants)
    if (right === "publish") add(component, resource, ordered === true);
  for (const { on } of graph.functions) if (on.kind === "topic") add(on.pubsub, on.topic, on.ordered);
}
