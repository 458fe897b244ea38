// Where a component's resource is: made by this stack, or named by its YAML. What a YAML names lies in the same resource group.
import {
  FaastenError,
  fieldOf,
  type GraphComponent,
  kebab,
  type StackInput,
  variableOf,
  written,
} from "../../../src/provider.ts";
import {
  accountName,
  cut,
  dataStorageName,
  gridTopicName,
  namespaceName,
  parameterName,
  physical,
  storeName,
} from "./names.ts";
import { join, type Place, parameter, property, stateOf, type Text } from "./template.ts";

/** What a component reads as its address. */
export function addressOf(component: GraphComponent, input: StackInput): Text {
  switch (component.type) {
    case "state.azure.cosmosdb": {
      const { account, database, container } = containerOf(component, input);
      return join("https://", account, `.documents.azure.com:443/dbs/${database}/colls/${container}`);
    }
    case "pubsub.azure.servicebus.topics":
    case "pubsub.azure.servicebus.queues": {
      const { namespace, prefix } = brokerOf(component, input);
      return hostOf(namespace, `/${prefix}`);
    }
    case "configuration.azure.appconfig":
      return join("https://", storeName(component.name), ".azconfig.io");
    case "state.azure.blobstorage":
    case "bindings.azure.blobstorage": {
      const { account, container } = objectsOf(component, input);
      return join("https://", account, `.blob.core.windows.net/${container}`);
    }
    case "bindings.azure.storagequeues": {
      const { account, queue } = storageQueueOf(component, input);
      return join("https://", account, `.queue.core.windows.net/${queue}`);
    }
    case "bindings.azure.servicebusqueues": {
      const { namespace, queue } = busQueueOf(component, input);
      return hostOf(namespace, `/${queue}`);
    }
    case "bindings.azure.eventgrid":
      return property(stateOf(gridTopicAt(component, input)), "endpoint");
    default:
      return parameter(parameterName(component));
  }
}

/** Whether only who deploys knows where it is. */
export function isAsked(component: GraphComponent): boolean {
  const known = ["state.azure.", "pubsub.azure.", "configuration.azure.", "bindings.azure."];
  return !known.some((start) => component.type.startsWith(start)) && readsAddress(component) !== undefined;
}

/** The variable that the stack sets for it. */
export function readsAddress({ block, name, metadata }: GraphComponent): string | undefined {
  const own = variableOf(block, name);
  return Object.values(metadata).some((value) => typeof value === "object" && "env" in value && value.env === own)
    ? own
    : undefined;
}

/** A component that proves itself otherwise needs no role. */
export function actsAsApp(component: GraphComponent): boolean {
  const has = (field: string): boolean => fieldOf(component, field) !== undefined;
  if (["azureClientSecret", "masterKey", "accountKey", "accessKey", "connectionString"].some(has)) return false;
  if (!has("azureClientId")) return true;
  const message = `the component ${component.name} names an identity by its \`azureClientId\`, which the function app has not: leave it out, or write the \`azureClientSecret\` of an application beside it`;
  throw new FaastenError("MISCONFIGURED", message);
}

export interface Container {
  readonly account: Text;
  readonly database: string;
  readonly container: string;
  /** By this stack, in its own account. */
  readonly made: boolean;
}

export function containerOf(component: GraphComponent, input: StackInput): Container {
  const [url, database, collection] = ["url", "database", "collection"].map((field) =>
    written(component, field, input),
  );
  const own = {
    database: database ?? physical(input, undefined, 255),
    container: collection ?? kebab(component.name),
  };
  if (url === undefined) return { account: accountName, ...own, made: !component.existing };
  const [, account, path] = /^https:\/\/([a-z0-9-]{3,44})\.documents\.azure\.com(?::443)?(\/.*)?$/.exec(url) ?? [];
  const [, inUrl, containerInUrl] = /^\/dbs\/([^/]+)\/colls\/([^/]+)\/?$/.exec(path ?? "") ?? [];
  const named = { database: database ?? inUrl, container: collection ?? containerInUrl };
  if (account !== undefined && named.database !== undefined && named.container !== undefined)
    return { account, database: named.database, container: named.container, made: false };
  throw unread(component, "url", "https://<account>.documents.azure.com/dbs/<database>/colls/<container>");
}

export interface Broker {
  readonly namespace: Text;
  /** What the names of its topics begin with. */
  readonly prefix: string;
  /** Whether its topics are this stack's. */
  readonly made: boolean;
  /** A topic is a queue, and its one subscriber's inbox. */
  readonly queues: boolean;
}

/** Also of a broker in memory: its subscribers have inboxes that whoever may can send to. */
export function brokerOf(component: GraphComponent, input: StackInput): Broker {
  const queues = component.type === "pubsub.azure.servicebus.queues";
  const prefix = `${physical(input, undefined, 255)}-`;
  const named = written(component, "namespaceName", input);
  if (named === undefined) return { namespace: namespaceName, prefix, made: !component.existing, queues };
  const [, namespace, own = ""] =
    /^([A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9])\.servicebus\.windows\.net(?:\/(.*))?$/.exec(named) ?? [];
  if (namespace !== undefined) return { namespace, prefix: own, made: false, queues };
  throw unread(component, "namespaceName", "<namespace>.servicebus.windows.net/<prefix of its topics>");
}

export function hostOf(namespace: Text, path = ""): Text {
  return join(namespace, `.servicebus.windows.net${path}`);
}

export const queueAt = (namespace: Text, queue: string): Place => ({
  type: "Microsoft.ServiceBus/namespaces/queues",
  names: [namespace, queue],
});

export const topicAt = (namespace: Text, topic: string): Place => ({
  type: "Microsoft.ServiceBus/namespaces/topics",
  names: [namespace, topic],
});

/** As its publisher puts it together, so it is never cut. */
export function topicName({ prefix }: Broker, topic: string): string {
  const name = prefix + kebab(topic);
  if (name.length <= 255) return name;
  throw new FaastenError("INVALID", `the topic ${topic}: Service Bus takes names of 260 characters: ${name}`);
}

/** No topic can be called so: both are names within one namespace. The dead letters' queue is called as the inbox is, with `-dead` after it. */
export function inboxName(functionName: string, input: StackInput): string {
  return `${physical(input, functionName, 240)}.inbox`;
}

export interface Objects {
  readonly account: Text;
  readonly container: string;
  readonly made: boolean;
}

export function objectsOf(component: GraphComponent, input: StackInput): Objects {
  const [endpoint, accountNamed, containerNamed] = ["endpoint", "accountName", "containerName"].map((field) =>
    written(component, field, input),
  );
  const container = containerNamed ?? cut(physical(input, component.name, 255).replaceAll(/-+/g, "-"), 63);
  if (endpoint === undefined && accountNamed === undefined)
    return { account: dataStorageName, container, made: !component.existing };
  const url = endpoint ?? `https://${accountNamed}.blob.core.windows.net`;
  const [, account, path] = /^https:\/\/([a-z0-9]{3,24})\.blob\.core\.windows\.net(?:\/([^/]+))?\/?$/.exec(url) ?? [];
  const named = containerNamed ?? path;
  if (account !== undefined && named !== undefined) return { account, container: named, made: false };
  throw unread(component, "endpoint", "https://<account>.blob.core.windows.net/<container>");
}

export interface StorageQueue {
  readonly account: Text;
  readonly queue: string;
  readonly made: boolean;
}

export function storageQueueOf(component: GraphComponent, input: StackInput): StorageQueue {
  const [endpoint, accountNamed, queueNamed] = ["queueEndpoint", "accountName", "queueName"].map((field) =>
    written(component, field, input),
  );
  // `-poison` comes after it.
  const queue = queueNamed ?? cut(physical(input, component.name, 255).replaceAll(/-+/g, "-"), 56);
  if (endpoint === undefined && accountNamed === undefined)
    return { account: dataStorageName, queue, made: !component.existing };
  const url = endpoint ?? `https://${accountNamed}.queue.core.windows.net`;
  const [, account, path] = /^https:\/\/([a-z0-9]{3,24})\.queue\.core\.windows\.net(?:\/([^/]+))?\/?$/.exec(url) ?? [];
  const named = queueNamed ?? path;
  if (account !== undefined && named !== undefined) return { account, queue: named, made: false };
  throw unread(component, "queueEndpoint", "https://<account>.queue.core.windows.net/<queue>");
}

export const storageQueueAt = (account: Text, queue: string): Place => ({
  type: "Microsoft.Storage/storageAccounts/queueServices/queues",
  names: [account, "default", queue],
});

export interface BusQueue {
  readonly namespace: Text;
  readonly queue: string;
  readonly made: boolean;
}

/** No topic can be called so, and no inbox. */
export function busQueueOf(component: GraphComponent, input: StackInput): BusQueue {
  const [named, queueNamed] = ["namespaceName", "queueName"].map((field) => written(component, field, input));
  if (named === undefined) {
    const queue = queueNamed ?? `${physical(input, component.name, 240)}.queue`;
    return { namespace: namespaceName, queue, made: !component.existing };
  }
  const [, namespace, path] =
    /^([A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9])\.servicebus\.windows\.net(?:\/(.+))?$/.exec(named) ?? [];
  const queue = queueNamed ?? path;
  if (namespace !== undefined && queue !== undefined) return { namespace, queue, made: false };
  throw unread(component, "namespaceName", "<namespace>.servicebus.windows.net/<queue>");
}

/** A topic that a YAML names by its address lies in the same resource group. */
export function gridTopicAt(component: GraphComponent, input: StackInput): Place & { readonly made: boolean } {
  const type = "Microsoft.EventGrid/topics";
  const named = written(component, "topicEndpoint", input);
  if (named === undefined) return { type, names: [gridTopicName(component.name)], made: !component.existing };
  const [, topic] =
    /^https:\/\/([A-Za-z0-9-]{3,50})\.[a-z0-9]+-\d+\.eventgrid\.azure\.net\/api\/events$/.exec(named) ?? [];
  if (topic !== undefined) return { type, names: [topic], made: false };
  throw unread(component, "topicEndpoint", "https://<topic>.<region>-1.eventgrid.azure.net/api/events");
}

export function settingsAt(component: GraphComponent, input: StackInput): Place & { readonly made: boolean } {
  const type = "Microsoft.AppConfiguration/configurationStores";
  const host = written(component, "host", input);
  if (host === undefined) return { type, names: [storeName(component.name)], made: !component.existing };
  const [, store] = /^https:\/\/([A-Za-z0-9-]{5,50})\.azconfig\.io\/?$/.exec(host) ?? [];
  if (store !== undefined) return { type, names: [store], made: false };
  throw unread(component, "host", "https://<store>.azconfig.io");
}

/** A vault is there before any stack: secrets are its owner's. */
export function vaultAt(component: GraphComponent, input: StackInput): Place {
  const type = "Microsoft.KeyVault/vaults";
  const named = written(component, "vaultName", input);
  if (named === undefined) return { type, names: [parameter(parameterName(component))] };
  const [, vault] =
    /^(?:https:\/\/)?([A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9])(?:\.vault\.azure\.net\/?)?$/.exec(named) ?? [];
  if (vault !== undefined) return { type, names: [vault] };
  throw unread(component, "vaultName", "<vault>");
}

function unread({ name }: GraphComponent, field: string, form: string): FaastenError {
  const message = `the stack cannot tell from \`${field}\` of the component ${name} what to let its functions do: write it as ${form}`;
  return new FaastenError("MISCONFIGURED", message);
}
