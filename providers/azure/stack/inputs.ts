// What Event Grid tells, of objects that come and go or of a topic, as CloudEvents in the inbox of the function that hears it: it sends
// them as itself, with no key.
// https://learn.microsoft.com/azure/event-grid/system-topics
// https://learn.microsoft.com/azure/event-grid/deliver-events-using-managed-identity
import { FaastenError, type GraphComponent, type GraphFunction, type StackInput } from "../../../src/provider.ts";
import { actsAsApp, gridTopicAt, objectsOf } from "./locations.ts";
import { inboxOf } from "./messages.ts";
import { cut, dataStorageName, physical } from "./names.ts";
import { type Role, roleId, roles } from "./roles.ts";
import { objectsAt, privateContainer, storageAt, undelivered } from "./stores.ts";
import { call, idOf, location, type Place, property, type Resource, shown, type Text } from "./template.ts";

export function inputResources(input: StackInput): readonly Resource[] {
  const { components, functions } = input.graph;
  const sources = new Map<string, Source>();
  const each = functions.flatMap((one): readonly Resource[] => {
    const source = sourceOf(one, input);
    const inbox = inboxOf(one, input);
    if (!source || !inbox) return [];
    sources.set(shown(idOf(source.topic)), source);
    return [eventSubscription(one.name, source, inbox.at, input), assigned(source.topic, roles.send, inbox.at)];
  });
  const topics = [...sources.values()].flatMap(({ topic, account, objects }): readonly Resource[] => [
    ...(objects ? [systemTopic(topic, account)] : []),
    assigned(topic, roles.writeBlobs, objectsAt(account, undelivered)),
  ]);
  const accounts = new Map([...sources.values()].map(({ account }) => [shown(account), account]));
  const containers = [...accounts.values()].map((account) => privateContainer(account, undelivered));
  oneTakerEach(functions, components);
  return [...containers, ...topics, ...each];
}

/** What a topic of Event Grid tells, and where lies what it could not hand over in a day. */
interface Source {
  readonly topic: Place;
  readonly account: Text;
  /** Of one container alone. */
  readonly objects?: string;
}

/** A topic that is a binding; of another's, whose identity is not known here, nothing is heard. */
export function gridResources(component: GraphComponent, input: StackInput): readonly Resource[] {
  if (component.type !== "bindings.azure.eventgrid" || !actsAsApp(component)) return [];
  const { made, type, names } = gridTopicAt(component, input);
  if (!made) return [];
  return [
    {
      place: { type, names },
      in: location,
      body: {
        identity: { type: "SystemAssigned" },
        properties: {
          inputSchema: "CloudEventSchemaV1_0",
          disableLocalAuth: true,
          publicNetworkAccess: "Enabled",
        },
      },
    },
  ];
}

function sourceOf({ name, file, line, on }: GraphFunction, input: StackInput): Source | undefined {
  if (on.kind !== "binding" || on.cron !== undefined) return undefined;
  const component = input.graph.components.find((one) => one.name === on.binding);
  const refuse = (what: string): FaastenError => new FaastenError("UNSUPPORTED", `${name} (${file}:${line}): ${what}`);
  if (component && takenFrom.includes(component.type) && !actsAsApp(component))
    throw refuse(`the host takes what comes as the function app itself, and ${on.binding} proves itself otherwise`);
  switch (component?.type) {
    case "bindings.azure.blobstorage": {
      const { account, container } = objectsOf(component, input);
      return { topic: topicAt(account, input), account, objects: container };
    }
    case "bindings.azure.eventgrid": {
      const { made, type, names } = gridTopicAt(component, input);
      if (made) return { topic: { type, names }, account: dataStorageName };
      throw refuse(
        `${on.binding} is a topic of others, whose identity may send nowhere here: subscribe to one of your own`,
      );
    }
    case "bindings.azure.servicebusqueues":
    case "bindings.azure.storagequeues":
      return undefined;
  }
  throw refuse(
    `the stack sets up no input of ${component?.type ?? on.binding}: take what comes by a topic, or from a binding of Azure's own`,
  );
}

/** By the host itself, out of the queue that they are. */
const takenFrom: readonly string[] = ["bindings.azure.servicebusqueues", "bindings.azure.storagequeues"];

/** A queue gives each message to one alone. */
function oneTakerEach(functions: readonly GraphFunction[], components: readonly GraphComponent[]): void {
  const takers = new Map<string, string>();
  for (const { name, file, line, on } of functions) {
    if (on.kind !== "binding" || on.cron !== undefined) continue;
    if (!takenFrom.includes(components.find((one) => one.name === on.binding)?.type ?? "")) continue;
    const other = takers.get(on.binding);
    if (other !== undefined) {
      const message = `${name} (${file}:${line}): ${on.binding} is a queue, and ${other} takes its messages already: of one queue each message reaches one of them alone`;
      throw new FaastenError("UNSUPPORTED", message);
    }
    takers.set(on.binding, name);
  }
}

/** One account has one. */
function topicAt(account: Text, input: StackInput): Place {
  const name = typeof account === "string" ? `objects-${account}` : "objects";
  return { type: "Microsoft.EventGrid/systemTopics", names: [cut(physical(input, name, 255), 50)] };
}

function systemTopic(place: Place, account: Text): Resource {
  return {
    place,
    after: [storageAt(account)],
    in: location,
    body: {
      identity: { type: "SystemAssigned" },
      properties: { source: idOf(storageAt(account)), topicType: "Microsoft.Storage.StorageAccounts" },
    },
  };
}

function eventSubscription(
  name: string,
  { topic, account, objects }: Source,
  inbox: Place,
  input: StackInput,
): Resource {
  const own = { type: "SystemAssigned" };
  const names = [...topic.names, cut(physical(input, name, 255), 64)];
  return {
    place:
      objects === undefined
        ? { type: "Microsoft.EventGrid/topics/eventSubscriptions", names }
        : { type: "Microsoft.EventGrid/systemTopics/eventSubscriptions", names },
    // It is tried when it is made.
    after: [
      inbox,
      assigned(topic, roles.send, inbox).place,
      assigned(topic, roles.writeBlobs, objectsAt(account, undelivered)).place,
    ],
    body: {
      properties: {
        deliveryWithResourceIdentity: {
          identity: own,
          destination: { endpointType: "ServiceBusQueue", properties: { resourceId: idOf(inbox) } },
        },
        deadLetterWithResourceIdentity: {
          identity: own,
          deadLetterDestination: {
            endpointType: "StorageBlob",
            properties: { resourceId: idOf(storageAt(account)), blobContainerName: undelivered },
          },
        },
        eventDeliverySchema: "CloudEventSchemaV1_0",
        ...(objects !== undefined && {
          filter: {
            subjectBeginsWith: `/blobServices/default/containers/${objects}/blobs/`,
            isSubjectCaseSensitive: true,
            includedEventTypes: ["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobDeleted"],
          },
        }),
        retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 },
      },
    },
  };
}

function assigned(topic: Place, role: Role, on: Place): Resource {
  const { type, names } = topic;
  const principal = property(call("reference", idOf({ type, names }), "2022-06-15", "Full"), "identity", "principalId");
  return {
    place: {
      type: "Microsoft.Authorization/roleAssignments",
      names: [call("guid", idOf(on), idOf(topic), role.id)],
      on,
    },
    after: [topic],
    body: {
      properties: { roleDefinitionId: roleId(role), principalId: principal, principalType: "ServicePrincipal" },
    },
  };
}
