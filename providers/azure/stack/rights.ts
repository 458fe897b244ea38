// What each app may do, from the grants, triggers and inboxes of its functions: nothing else, and nothing on more than one resource.
// https://learn.microsoft.com/azure/azure-functions/functions-reference#grant-permission-to-the-identity
import {
  FaastenError,
  type GraphComponent,
  type GraphFunction,
  type GraphGrant,
  type Permission,
  type StackInput,
} from "../../../src/provider.ts";
import { type ItemRight, itemActions, metadataAction } from "./items.ts";
import {
  actsAsApp,
  brokerOf,
  busQueueOf,
  containerOf,
  gridTopicAt,
  objectsOf,
  queueAt,
  settingsAt,
  storageQueueAt,
  storageQueueOf,
  topicAt,
  topicName,
  vaultAt,
} from "./locations.ts";
import { inboxOf } from "./messages.ts";
import { insightsAt } from "./monitoring.ts";
import { hostStorageName } from "./names.ts";
import { type Role, roles } from "./roles.ts";
import { objectsAt, poisonOf, storageAt } from "./stores.ts";
import { idOf, keyOf, type Place, shown } from "./template.ts";

/** One role on one resource. */
export interface RoleRight {
  readonly role: Role;
  readonly on: Place;
  readonly because: readonly string[];
}

export interface Rights {
  readonly roles: readonly RoleRight[];
  /** Of Cosmos DB, which knows no other roles than its own. */
  readonly items: readonly ItemRight[];
}

/** All that one deployable needs; what several reasons ask for is there once. */
export function rightsOf(deployable: string, input: StackInput): Rights {
  const { graph } = input;
  const functions = new Set(graph.deployables.find(({ name }) => name === deployable)?.functions);
  const grants = graph.grants.filter((grant) => functions.has(grant.function));
  const own = graph.functions.filter(({ name }) => functions.has(name));
  const names = new Set([
    ...grants.map(({ component }) => component),
    ...own.flatMap(({ on }) => (on.kind === "topic" ? [on.pubsub] : [])),
  ]);
  const reasons: readonly RoleRight[] = [
    ...hostRights(deployable, input),
    ...grants.flatMap((grant) => ofGrant(grant, input)),
    ...graph.components.filter(({ name }) => names.has(name)).flatMap((one) => ofSecretsOf(one, input)),
    ...own.flatMap((one) => queueRights(one, input)),
    ...own.flatMap((one): readonly RoleRight[] => {
      const inbox = inboxOf(one, input);
      if (!inbox) return [];
      const takes = { role: roles.receive, on: inbox.at, because: [`${one.name} takes from its inbox`] };
      if (one.on.kind !== "topic" || !isServiceBus(one.on.pubsub, input)) return [takes];
      return [
        takes,
        ...(inbox.ordered
          ? [] // What has an order is not put off by a later copy.
          : [{ role: roles.send, on: inbox.at, because: [`${one.name} puts off what it is to have again later`] }]),
        { role: roles.send, on: inbox.dead, because: [`${one.name} buries what it cannot handle`] },
      ];
    }),
  ];
  return { roles: together(reasons), items: itemRights(grants, input) };
}

/** What the host does with a queue of a storage account, whose poison queue it looks for and would make. */
function queueRights({ name, on }: GraphFunction, input: StackInput): readonly RoleRight[] {
  if (on.kind !== "binding") return [];
  const found = input.graph.components.find((each) => each.name === on.binding);
  if (found?.type !== "bindings.azure.storagequeues") return [];
  const { account, queue } = storageQueueOf(found, input);
  const because = [`${name} takes from ${on.binding}`];
  return [
    { role: roles.readQueues, on: storageQueueAt(account, queue), because },
    { role: roles.processQueues, on: storageQueueAt(account, queue), because },
    {
      role: roles.writeQueues,
      on: storageQueueAt(account, poisonOf(queue)),
      because: [`the host puts there what ${name} cannot handle`],
    },
  ];
}

function isServiceBus(pubsub: string, { graph }: StackInput): boolean {
  return graph.components.some(({ name, type }) => name === pubsub && type.startsWith("pubsub.azure.servicebus."));
}

function together(reasons: readonly RoleRight[]): readonly RoleRight[] {
  const found = new Map<string, RoleRight>();
  for (const { role, on, because } of reasons) {
    const key = `${role.id} ${keyOf(idOf(on))}`;
    found.set(key, { role, on, because: [...(found.get(key)?.because ?? []), ...because] });
  }
  return [...found.values()];
}

/** https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity */
function hostRights(deployable: string, input: StackInput): readonly RoleRight[] {
  const on = storageAt(hostStorageName(deployable));
  return [
    {
      role: roles.ownBlobs,
      on,
      because: [`the host of ${deployable} keeps its package, its locks and its keys there`],
    },
    { role: roles.writeTables, on, because: [`the host of ${deployable} keeps there what it has to say of itself`] },
    { role: roles.publishMetrics, on: insightsAt(input), because: [`the host of ${deployable} writes its log`] },
  ];
}

function ofGrant(grant: GraphGrant, input: StackInput): readonly RoleRight[] {
  const { block, component: name, right, resource, operations = [] } = grant;
  const found = input.graph.components.find((each) => each.name === name);
  const asked = [right, ...operations].join(" ");
  const because = [`${grant.function} may ${asked} ${name}${resource === undefined ? "" : ` (${resource})`}`];
  if (!found?.type.includes(".azure.") || !actsAsApp(found)) return [];
  switch (found.type) {
    case "state.azure.cosmosdb":
    case "invocation.azure.http":
      return [];
    case "pubsub.azure.servicebus.topics":
    case "pubsub.azure.servicebus.queues": {
      const broker = brokerOf(found, input);
      const to = broker.queues ? queueAt : topicAt;
      return [{ role: roles.send, on: to(broker.namespace, topicName(broker, resource ?? "")), because }];
    }
    case "secretstores.azure.keyvault":
      return [secretRight(found, resource, because, input)];
    case "configuration.azure.appconfig":
      return [{ role: roles.readSettings, on: settingsAt(found, input), because }];
    case "state.azure.blobstorage": {
      const { account, container } = objectsOf(found, input);
      const role = right === "readWrite" ? roles.writeBlobs : roles.readBlobs;
      return [{ role, on: objectsAt(account, container), because }];
    }
    case "bindings.azure.blobstorage": {
      const { account, container } = objectsOf(found, input);
      const reads = operations.every((one) => one === "get" || one === "list");
      const role = reads ? roles.readBlobs : roles.writeBlobs;
      return [
        { role, on: objectsAt(account, container), because },
        ...(operations.includes("presign") ? [{ role: roles.signBlobs, on: storageAt(account), because }] : []),
      ];
    }
    case "bindings.azure.storagequeues": {
      const { account, queue } = storageQueueOf(found, input);
      return [{ role: roles.sendToQueues, on: storageQueueAt(account, queue), because }];
    }
    case "bindings.azure.servicebusqueues": {
      const { namespace, queue } = busQueueOf(found, input);
      return [{ role: roles.send, on: queueAt(namespace, queue), because }];
    }
    case "bindings.azure.eventgrid": {
      const { type, names } = gridTopicAt(found, input);
      return [{ role: roles.publishEvents, on: { type, names }, because }];
    }
  }
  throw new FaastenError("UNSUPPORTED", `${name}: the stack of Azure has no roles for ${block} of type ${found.type}`);
}

/** The secrets that a component's own metadata names. */
function ofSecretsOf({ name, metadata }: GraphComponent, input: StackInput): readonly RoleRight[] {
  return Object.values(metadata).flatMap((value) => {
    if (typeof value === "string" || !("store" in value)) return [];
    const store = input.graph.components.find((each) => each.name === value.store);
    if (store?.type !== "secretstores.azure.keyvault" || !actsAsApp(store)) return [];
    return [secretRight(store, value.secret, [`${name} reads its own secret ${value.secret}`], input)];
  });
}

/** On that one secret, which has to be there by then. */
function secretRight(
  store: GraphComponent,
  secret: string | undefined,
  because: readonly string[],
  input: StackInput,
): RoleRight {
  const vault = vaultAt(store, input);
  if (secret === undefined) return { role: roles.readSecrets, on: vault, because };
  if (/^[\dA-Za-z-]{1,127}$/.test(secret))
    return {
      role: roles.readSecrets,
      on: { type: "Microsoft.KeyVault/vaults/secrets", names: [...vault.names, secret] },
      because,
    };
  const message = `${because.join("")}: Key Vault knows names of letters, digits and dashes alone: call the secret otherwise, or keep it in another store`;
  throw new FaastenError("INVALID", message);
}

function itemRights(grants: readonly GraphGrant[], input: StackInput): readonly ItemRight[] {
  const found = new Map<string, ItemRight>();
  for (const { function: name, component, right } of grants) {
    const store = input.graph.components.find((one) => one.name === component && one.type === "state.azure.cosmosdb");
    const kind = right === "read" || right === "readWrite" || right === "list" ? right : undefined;
    if (!store || !kind || !actsAsApp(store)) continue;
    const container = containerOf(store, input);
    const key = `${kind} ${shown(container.account)} ${container.database} ${container.container}`;
    const because = [...(found.get(key)?.because ?? []), `${name} may ${right} ${component}`];
    found.set(key, { kind, container, because });
  }
  return [...found.values()];
}

export function permissionsOf(deployable: string, rights: Rights): readonly Permission[] {
  return [
    ...rights.roles.map(({ role, on, because }) => ({
      deployable,
      actions: [role.name],
      resource: keyOf(idOf(on)),
      because,
    })),
    ...rights.items.map(({ kind, container, because }) => ({
      deployable,
      actions: [metadataAction, ...itemActions[kind]],
      resource: `${shown(container.account)}/dbs/${container.database}/colls/${container.container}`,
      because,
    })),
  ];
}
