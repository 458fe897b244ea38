// Objects that come and go, as CloudEvents in the inbox of the function that is told of them: Event Grid sends them as itself, with no key.
// https://learn.microsoft.com/azure/event-grid/system-topics
// https://learn.microsoft.com/azure/event-grid/deliver-events-using-managed-identity
import { FaastenError, type GraphFunction, type StackInput } from "../../../src/provider.ts";
import { objectsOf } from "./locations.ts";
import { inboxOf } from "./messages.ts";
import { cut, physical } from "./names.ts";
import { type Role, roleId, roles } from "./roles.ts";
import { objectsAt, privateContainer, storageAt } from "./stores.ts";
import { call, idOf, location, type Place, property, type Resource, shown, type Text } from "./template.ts";

/** What Event Grid could not hand over in a day lies in this container, beside what it was told of. */
const undelivered = "undelivered-events";

export function inputResources(input: StackInput): readonly Resource[] {
  const accounts = new Map<string, Text>();
  const each = input.graph.functions.flatMap((one): readonly Resource[] => {
    const source = sourceOf(one, input);
    const inbox = inboxOf(one, input);
    if (!source || !inbox) return [];
    accounts.set(shown(source.account), source.account);
    const topic = topicAt(source.account, input);
    return [eventSubscription(one.name, source, inbox.at, input), assigned(topic, roles.send, inbox.at)];
  });
  const common = [...accounts.values()].flatMap((account): readonly Resource[] => {
    const topic = topicAt(account, input);
    return [
      {
        place: topic,
        after: [storageAt(account)],
        in: location,
        body: {
          identity: { type: "SystemAssigned" },
          properties: { source: idOf(storageAt(account)), topicType: "Microsoft.Storage.StorageAccounts" },
        },
      },
      privateContainer(account, undelivered),
      assigned(topic, roles.writeBlobs, objectsAt(account, undelivered)),
    ];
  });
  return [...common, ...each];
}

function sourceOf({ name, file, line, on }: GraphFunction, input: StackInput) {
  if (on.kind !== "binding" || on.cron !== undefined) return undefined;
  const component = input.graph.components.find((one) => one.name === on.binding);
  if (component?.type === "bindings.azure.blobstorage") return objectsOf(component, input);
  const message = `${name} (${file}:${line}): the stack sets up no input of ${component?.type ?? on.binding}: take what comes by a topic, or from a bindings.azure.blobstorage`;
  throw new FaastenError("UNSUPPORTED", message);
}

/** One account has one topic. */
function topicAt(account: Text, input: StackInput): Place {
  const name = typeof account === "string" ? `objects-${account}` : "objects";
  return { type: "Microsoft.EventGrid/systemTopics", names: [cut(physical(input, name, 255), 50)] };
}

function eventSubscription(
  name: string,
  { account, container }: { readonly account: Text; readonly container: string },
  inbox: Place,
  input: StackInput,
): Resource {
  const topic = topicAt(account, input);
  const own = { type: "SystemAssigned" };
  return {
    place: {
      type: "Microsoft.EventGrid/systemTopics/eventSubscriptions",
      names: [...topic.names, cut(physical(input, name, 255), 64)],
    },
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
        filter: {
          subjectBeginsWith: `/blobServices/default/containers/${container}/blobs/`,
          isSubjectCaseSensitive: true,
          includedEventTypes: ["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobDeleted"],
        },
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
