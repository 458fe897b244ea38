// Service Bus: topics, and for each subscriber a queue that its subscription forwards to, with a queue of dead letters beside it.
// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-auto-forwarding
// https://learn.microsoft.com/azure/service-bus-messaging/enable-dead-letter
import {
  FaastenError,
  type GraphComponent,
  type GraphFunction,
  type StackInput,
  type TriggerSpec,
} from "../../../src/provider.ts";
import { actsAsApp, type Broker, brokerOf, busQueueOf, inboxName, queueAt, topicAt, topicName } from "./locations.ts";
import { cut, namespaceName, physical } from "./names.ts";
import { retained } from "./retained.ts";
import { location, type Place, type Resource, type Value } from "./template.ts";

/** A subscriber's queue, where its dead letters go, and by which namespace the host comes to it. */
export interface Inbox {
  readonly queue: string;
  readonly at: Place;
  readonly dead: Place;
  readonly broker: Broker;
  readonly ordered: boolean;
  readonly attempts: number;
}

/** `undefined`: nothing is queued for it. */
export function inboxOf({ name, on, file, line }: GraphFunction, input: StackInput): Inbox | undefined {
  if (on.kind === "binding" && on.cron === undefined) {
    const component = input.graph.components.find((one) => one.name === on.binding);
    if (component?.type === "bindings.azure.storagequeues") return undefined;
    if (component?.type === "bindings.azure.servicebusqueues") {
      const { namespace, queue, made } = busQueueOf(component, input);
      return inboxIn({ namespace, prefix: "", made, queues: true }, queue, { ordered: false, attempts: on.attempts });
    }
    const broker = { namespace: namespaceName, prefix: "", made: true, queues: false };
    return inboxIn(broker, inboxName(name, input), { ordered: false, attempts: on.attempts });
  }
  if (on.kind !== "topic") return undefined;
  const component = input.graph.components.find((one) => one.name === on.pubsub);
  if (!component) return undefined;
  if (!actsAsApp(component)) {
    const message = `${name} (${file}:${line}): the host takes messages as the function app itself, and ${on.pubsub} proves itself otherwise: name its namespace by \`namespaceName\`, and leave out the rest`;
    throw new FaastenError("UNSUPPORTED", message);
  }
  const broker = brokerOf(component, input);
  const queue = broker.queues ? topicName(broker, on.topic) : inboxName(name, input);
  return inboxIn(broker, queue, on);
}

function inboxIn(broker: Broker, queue: string, on: { readonly ordered: boolean; readonly attempts: number }): Inbox {
  return {
    queue,
    at: queueAt(broker.namespace, queue),
    dead: queueAt(broker.namespace, `${queue}-dead`),
    broker,
    ordered: on.ordered,
    attempts: on.attempts,
  };
}

export function namespaceResources(input: StackInput): readonly Resource[] {
  const { components, functions } = input.graph;
  const brokers = components.filter((one) => one.block === "pubsub" && one.type.includes(".azure.") && actsAsApp(one));
  const needed = [
    ...brokers.map((one) => brokerOf(one, input)),
    ...components
      .filter((one) => one.type === "bindings.azure.servicebusqueues" && actsAsApp(one))
      .map((one) => busQueueOf(one, input)),
    ...functions.flatMap((one) => inboxOf(one, input)?.broker ?? []),
  ];
  if (!needed.some(({ made }) => made)) return [];
  return retained({
    place: { type: "Microsoft.ServiceBus/namespaces", names: [namespaceName] },
    in: location,
    body: {
      // The cheapest that has topics.
      sku: { name: "Standard", tier: "Standard" },
      properties: { disableLocalAuth: true, minimumTlsVersion: "1.2", publicNetworkAccess: "Enabled" },
    },
  });
}

/** A queue that is a binding; with an input it is that one's inbox. */
export function queueResources(component: GraphComponent, input: StackInput): readonly Resource[] {
  if (component.type !== "bindings.azure.servicebusqueues" || !actsAsApp(component)) return [];
  const { namespace, queue: name, made } = busQueueOf(component, input);
  const isInbox = input.graph.functions.some(({ on }) => on.kind === "binding" && on.binding === component.name);
  return made && !isInbox ? [{ place: queueAt(namespace, name), body: { properties: queue({}) } }] : [];
}

/** Each topic that is published to or subscribed to, once. Of another's namespace they are there. */
export function topicResources(component: GraphComponent, input: StackInput): readonly Resource[] {
  if (!component.type.startsWith("pubsub.azure.servicebus.") || !actsAsApp(component)) return [];
  const broker = brokerOf(component, input);
  const topics = topicsOf(component, input);
  if (!broker.made) return [];
  const taken = new Set(
    input.graph.functions.flatMap(({ on }) => (on.kind === "topic" && on.pubsub === component.name ? [on.topic] : [])),
  );
  return [...topics].flatMap(([topic, ordered]): Resource[] => {
    const name = topicName(broker, topic);
    if (!broker.queues)
      return [
        {
          place: topicAt(broker.namespace, name),
          body: {
            properties: { supportOrdering: true, requiresDuplicateDetection: false, maxSizeInMegabytes: largestQueue },
          },
        },
      ];
    // With a subscriber it is that one's inbox.
    return taken.has(topic)
      ? []
      : [{ place: queueAt(broker.namespace, name), body: { properties: queue({ requiresSession: ordered }) } }];
  });
}

function topicsOf(component: GraphComponent, { graph }: StackInput): ReadonlyMap<string, boolean> {
  const topics = new Map<string, boolean>();
  const add = (topic: string, ordered: boolean): void => {
    if (topics.has(topic) && topics.get(topic) !== ordered) {
      const message = `the topic ${topic} is declared with \`orderBy\` and without it: it is in order for all, or for nobody`;
      throw new FaastenError("MISCONFIGURED", message);
    }
    topics.set(topic, ordered);
  };
  for (const { component: name, right, resource = "", ordered } of graph.grants)
    if (name === component.name && right === "publish") add(resource, ordered === true);
  for (const { on } of graph.functions)
    if (on.kind === "topic" && on.pubsub === component.name) add(on.topic, on.ordered);
  return topics;
}

type TopicSpec = Extract<TriggerSpec, { readonly kind: "topic" }>;

export function inboxResources(one: GraphFunction, input: StackInput): readonly Resource[] {
  const inbox = inboxOf(one, input);
  if (!inbox) return [];
  const { broker, dead } = inbox;
  return [
    // What goes back from a search among them counts as a delivery.
    { place: dead, body: { properties: queue({ maxDeliveryCount: mostDeliveries, lockDuration: "PT1M" }) } },
    // Where another's queue is the topic, it is the inbox as it is.
    ...(broker.queues && !broker.made ? [] : [inboxQueue(inbox, one, input)]),
    ...(one.on.kind === "topic" && isForwarded(one.on, input) ? subscription(one.name, one.on, inbox, input) : []),
  ];
}

function inboxQueue(
  { at, dead, attempts, ordered, queue: name }: Inbox,
  { section }: GraphFunction,
  { timeout }: StackInput,
): Resource {
  return {
    place: at,
    after: [dead],
    body: {
      properties: queue({
        maxDeliveryCount: attempts,
        lockDuration: lockOf(section?.timeout ?? timeout),
        requiresSession: ordered,
        forwardDeadLetteredMessagesTo: `${name}-dead`,
        deadLetteringOnMessageExpiration: true,
      }),
    },
  };
}

function isForwarded({ pubsub }: TopicSpec, { graph }: StackInput): boolean {
  return graph.components.some(({ name, type }) => name === pubsub && type === "pubsub.azure.servicebus.topics");
}

/** It takes all, and hands it on at once: it has no order of its own, and what cannot be handed on is dead. */
function subscription(name: string, { topic }: TopicSpec, inbox: Inbox, input: StackInput): readonly Resource[] {
  const { broker, queue: to, at, dead } = inbox;
  const names = [broker.namespace, topicName(broker, topic), cut(physical(input, name, 255), 50)];
  const place: Place = { type: "Microsoft.ServiceBus/namespaces/topics/subscriptions", names };
  return [
    {
      place,
      after: [at, dead],
      body: {
        properties: {
          forwardTo: to,
          forwardDeadLetteredMessagesTo: `${to}-dead`,
          maxDeliveryCount: mostDeliveries,
          requiresSession: false,
          deadLetteringOnFilterEvaluationExceptions: true,
          deadLetteringOnMessageExpiration: true,
        },
      },
    },
    {
      place: { type: "Microsoft.ServiceBus/namespaces/topics/subscriptions/rules", names: [...names, "$Default"] },
      body: { properties: { filterType: "SqlFilter", sqlFilter: { sqlExpression: "1=1" } } },
    },
  ];
}

/** Messages stay until they are taken: a queue that is left alone for long is no reason to lose any. */
function queue(own: { readonly [setting: string]: Value }): Value {
  return { requiresDuplicateDetection: false, enablePartitioning: false, maxSizeInMegabytes: largestQueue, ...own };
}

const largestQueue = 5120;
/** https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas */
const mostDeliveries = 2000;

/** As long as a function may run, where Service Bus lets it: for what takes longer, the host renews the lock. */
function lockOf(timeout: number): string {
  return `PT${Math.min(300, Math.max(60, timeout + 30))}S`;
}
