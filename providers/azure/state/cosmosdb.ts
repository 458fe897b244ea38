// State in a container of Cosmos DB for NoSQL, laid out as Dapr lays it out: one item a key, in a partition of its own unless the
// app names one. https://learn.microsoft.com/rest/api/cosmos-db/documents
// https://docs.dapr.io/reference/components-reference/supported-state-stores/setup-azure-cosmosdb/
import { type Container, CosmosClient, ErrorResponse, type OperationInput } from "@azure/cosmos";
import {
  type CallOptions,
  type ComponentOptions,
  type Create,
  checkKey,
  checkOperations,
  FaastenError,
  flag,
  type StateEntry,
  type StateOperation,
  type StateStore,
  setting,
  type Value,
} from "../../../src/provider.ts";
import { createClient, refusalOf, type SdkOptions } from "../client.ts";
import {
  type Document,
  entryOf,
  expiryOf,
  graveOf,
  idOf,
  keyOf,
  matchOf,
  prefixOf,
  toDocument,
  toEtag,
} from "../document.ts";

/** An item holds 2 MB as JSON, in which bytes are base64. */
const maxValueBytes = 1_400_000;
/** Point reads at once. */
const atOnce = 25;
/** How often one write may meet others and be tried anew. */
const rounds = 20;

/** One operation as it is sent. */
interface Step {
  readonly type: "Create" | "Delete" | "Replace" | "Upsert";
  readonly document: Document;
  readonly ifMatch?: string;
}

interface Result {
  readonly status: number;
  readonly etag?: string;
}

export const create: Create<StateStore> = (options) => {
  const where = `state component "${options.name}"`;
  const { url, database, collection } = locationOf(options, where);
  const { call, close } = createClient<Container>(
    options,
    async (credential) => {
      const key = setting(options, "masterKey");
      const client = new CosmosClient({
        endpoint: url,
        ...(key === undefined ? { aadCredentials: await credential() } : { key }),
        // With it, what was sent and not answered is sent again.
        connectionPolicy: { enableEndpointDiscovery: false },
      });
      if (!flag(options, "allowEventualReads")) await checkConsistency(client, where);
      return client.database(database).container(collection);
    },
    ({ database: { client } }) => client.dispose(),
  );

  async function read(
    id: string,
    partition: string,
    { signal, consistency }: Parameters<StateStore["get"]>[1] = {},
  ): Promise<Document | undefined> {
    const level = consistency === "eventual" ? { consistencyLevel: "Eventual" } : {};
    const { resource, substatus } = await call(
      "read item",
      (container, sdk) => container.item(id, partition).read<Document>({ ...sdk, ...level }),
      { ...(signal && { signal }) },
    );
    if (substatus === noContainer)
      throw new FaastenError(
        "MISCONFIGURED",
        `${where}: there is no container ${collection} in the database ${database}`,
      );
    return resource;
  }

  async function get(key: string, given: Parameters<StateStore["get"]>[1] = {}): Promise<StateEntry | undefined> {
    checkKey(key, where);
    return entryOf(await read(idOf(key), given.partition ?? key, given));
  }

  /** The versions that were written, or `undefined` where a condition did not hold and nothing was. */
  async function write(
    partition: string,
    operations: readonly StateOperation[],
    { signal }: CallOptions,
  ): Promise<readonly Result[] | undefined> {
    const calling = signal ? { signal } : {};
    const steps: Step[] = [];
    for (const operation of operations) {
      const step = stepOf(partition, operation, where);
      if (!step) return undefined;
      steps.push(step);
    }
    for (let round = 0; round < rounds + steps.length; round++) {
      const [first] = steps;
      const results =
        steps.length === 1 && first
          ? [await call(`${first.type} item`, (container, sdk) => sendOne(container, partition, first, sdk), calling)]
          : await call("transactional batch", (container, sdk) => sendAll(container, partition, steps, sdk), calling);
      const at = results.findIndex(({ status }) => status >= 400 && status !== notTried);
      const [operation, step, result] = [operations[at], steps[at], results[at]];
      if (!operation || !step || !result) return results;
      if (result.status === 429 || result.status === 449)
        throw new FaastenError(
          "THROTTLED",
          `${where}: the batch was refused with ${result.status}, and nothing written`,
        );
      if (!mismatches.includes(result.status))
        throw new FaastenError(
          result.status === 413 ? "TOO_LARGE" : result.status >= 500 ? "UNAVAILABLE" : "INVALID",
          `${where}: the batch failed with ${result.status} at the key "${operation.key}"`,
        );
      if (operation.ifEtag !== undefined) return undefined;
      // Of a batch all must be there that is to be deleted: what is not is written over with what has expired.
      if (!operation.ifAbsent) steps[at] = { type: "Upsert", document: graveOf(operation.key, partition) };
      else {
        const found = await read(step.document.id, partition, calling);
        if (entryOf(found)) return undefined;
        const { document } = step;
        steps[at] = found ? { type: "Replace", document, ifMatch: found._etag ?? "" } : { type: "Create", document };
      }
    }
    throw new FaastenError("THROTTLED", `${where}: a write met others ${rounds} times, and did not happen`);
  }

  return {
    maxValueBytes,
    get,

    async set(key, value, { partition = key, signal, ...rest } = {}) {
      checkKey(key, where);
      const results = await write(partition, [{ kind: "set", key, value, ...rest }], { ...(signal && { signal }) });
      return results?.[0]?.etag;
    },

    async delete(key, { partition = key, signal, ...condition } = {}) {
      checkKey(key, where);
      const calling = signal ? { signal } : {};
      if (condition.ifAbsent) return (await get(key, { partition, ...calling })) === undefined;
      return (await write(partition, [{ kind: "delete", key, ...condition }], calling)) !== undefined;
    },

    async getMany(keys, given = {}) {
      for (const key of keys) checkKey(key, where);
      const found = new Map<string, StateEntry>();
      const wanted = new Set(keys).values();
      const readers = Array.from({ length: atOnce }, async () => {
        for (const key of wanted) {
          const entry = await get(key, given);
          if (entry) found.set(key, entry);
        }
      });
      await Promise.all(readers);
      return found;
    },

    async *list(prefix, { after, signal } = {}) {
      const query = {
        query: "SELECT c.id, c.ttl, c.expiresAt, c._ts FROM c WHERE STARTSWITH(c.id, @prefix)",
        parameters: [{ name: "@prefix", value: prefixOf(prefix) }],
      };
      const keys = new Set<string>();
      let from: string | undefined;
      do {
        const page = await call(
          "query items",
          (container, sdk) => {
            const asked = { ...sdk, maxItemCount: 1000, ...(from !== undefined && { continuationToken: from }) };
            return container.items.query<Document>(query, asked).fetchNext();
          },
          { ...(signal && { signal }) },
        );
        for (const document of page.resources ?? []) if (expiryOf(document) > Date.now()) keys.add(keyOf(document.id));
        from = page.continuationToken;
      } while (from);
      for (const key of [...keys].sort(byBytes))
        if (key.startsWith(prefix) && (after === undefined || byBytes(key, after) > 0)) yield key;
    },

    async transact(partition, operations, { signal } = {}) {
      checkOperations(operations, where);
      signal?.throwIfAborted();
      return (
        operations.length === 0 || (await write(partition, operations, { ...(signal && { signal }) })) !== undefined
      );
    },

    close,
  };
};

/** Of a batch that failed, what is said of the operations that did not make it fail. */
const notTried = 424;
/** Not there, there already, another version. */
const mismatches: readonly number[] = [404, 409, 412];

/** By the substatus of a 404, it is not the item that is missing. */
const noContainer = 1003;

/** The address, with database and container in its path where they are not named beside it. */
function locationOf(options: ComponentOptions, where: string) {
  const { origin, pathname } = new URL(setting(options, "url") ?? "");
  const [, database, collection] = /^\/dbs\/([^/]+)\/colls\/([^/]+)\/?$/.exec(pathname) ?? [];
  const found = {
    database: setting(options, "database") ?? database,
    collection: setting(options, "collection") ?? collection,
  };
  if (found.database !== undefined && found.collection !== undefined)
    return { url: origin, database: found.database, collection: found.collection };
  throw new FaastenError(
    "MISCONFIGURED",
    `${where}: needs database and collection, or a url that ends in /dbs/<database>/colls/<collection>`,
  );
}

async function checkConsistency(client: CosmosClient, where: string): Promise<void> {
  const { resource } = await client.getDatabaseAccount();
  const level = resource?.consistencyPolicy ?? "unknown";
  if (level === "Strong") return;
  throw new FaastenError(
    "MISCONFIGURED",
    `${where}: the account's consistency is ${level}, so a read may not see the last write: make it Strong, or accept that with allowEventualReads: "true"`,
  );
}

/** `undefined`: no entry can meet the condition. */
function stepOf(partition: string, operation: StateOperation, where: string): Step | undefined {
  const { kind, key, ifEtag, ifAbsent } = operation;
  if (kind === "set") checkSize(operation.value, where);
  const document =
    kind === "delete" ? graveOf(key, partition) : toDocument(key, partition, operation.value, operation.expiresAt);
  if (ifAbsent) return { type: "Create", document };
  if (ifEtag === undefined) return { type: kind === "delete" ? "Delete" : "Upsert", document };
  const ifMatch = matchOf(ifEtag);
  return ifMatch === undefined ? undefined : { type: kind === "delete" ? "Delete" : "Replace", document, ifMatch };
}

function checkSize(value: Value, where: string): void {
  const size = "bytes" in value ? value.bytes.byteLength : Buffer.byteLength(value.json);
  if (size <= maxValueBytes) return;
  throw new FaastenError(
    "TOO_LARGE",
    `${where}: a value holds at most ${maxValueBytes} bytes, and this one has ${size}`,
  );
}

async function sendOne(container: Container, partition: string, step: Step, sdk: SdkOptions): Promise<Result> {
  const { type, document, ifMatch } = step;
  const item = container.item(document.id, partition);
  const options = {
    ...sdk,
    ...(ifMatch !== undefined && { accessCondition: { type: "IfMatch", condition: ifMatch } }),
  };
  try {
    if (type === "Delete") return { status: (await item.delete(options)).statusCode };
    const { statusCode, etag } = await (type === "Create"
      ? container.items.create(document, options)
      : type === "Upsert"
        ? container.items.upsert(document, options)
        : item.replace(document, options));
    return { status: statusCode, etag: toEtag(etag, document) };
  } catch (error) {
    const status = refusalOf(error);
    if (error instanceof ErrorResponse && error.substatus === noContainer) throw error;
    if (type === "Delete" && ifMatch === undefined && status === 404) return { status: 204 };
    if (status === undefined || !mismatches.includes(status)) throw error;
    return { status };
  }
}

async function sendAll(
  container: Container,
  partition: string,
  steps: readonly Step[],
  sdk: SdkOptions,
): Promise<readonly Result[]> {
  const operations = steps.map(({ type, document, ifMatch }): OperationInput => {
    const beside = { id: document.id, ...(ifMatch !== undefined && { ifMatch }) };
    if (type === "Delete") return { operationType: type, ...beside };
    return { operationType: type, ...beside, resourceBody: { ...document } };
  });
  const options = { ...sdk, contentResponseOnWriteEnabled: false };
  const { result = [] } = await container.items.batch(operations, partition, options).catch((error: unknown) => {
    throw error instanceof Error ? (error.cause ?? error) : error;
  });
  return result.map(({ statusCode, eTag = "" }, index) => {
    const document = steps[index]?.document;
    return { status: statusCode, ...(document && { etag: toEtag(eTag, document) }) };
  });
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
