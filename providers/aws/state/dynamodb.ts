// State in a table of DynamoDB, laid out as Dapr lays it out: one item a key, JSON as a string, bytes as binary.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
// https://docs.dapr.io/reference/components-reference/supported-state-stores/setup-dynamodb/
import {
  type AttributeValue,
  BatchGetItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import {
  type Condition,
  type Create,
  checkKey,
  checkOperations,
  FaastenError,
  flag,
  type StateEntry,
  type StateStore,
  setting,
  type Value,
} from "../../../src/provider.ts";
import { createClient } from "../client.ts";

type Item = Record<string, AttributeValue>;

/** An item holds 400 KB with its names, its key and its etag. */
const maxValueBytes = 400_000;
/** What one request asks for. */
const atOnce = 100;

export const create: Create<StateStore> = (options) => {
  const where = `state component "${options.name}"`;
  const TableName = setting(options, "table") ?? options.name;
  const names = {
    "#key": setting(options, "partitionKey") ?? "key",
    "#expiry": setting(options, "ttlAttributeName") ?? "expiresAt",
  };
  const { "#key": keyName, "#expiry": expiryName } = names;
  const { call, close } = createClient(options, (config) => new DynamoDBClient(config), {
    BatchGetItem: BatchGetItemCommand,
    DeleteItem: DeleteItemCommand,
    GetItem: GetItemCommand,
    PutItem: PutItemCommand,
    Scan: ScanCommand,
    TransactWriteItems: TransactWriteItemsCommand,
  });

  const keyOf = (key: string): Item => ({ [keyName]: { S: key } });
  const keyIn = (item: Item): string => item[keyName]?.S ?? "";

  function entryOf(item: Item | undefined): StateEntry | undefined {
    const { value, etag, [expiryName]: expiry } = item ?? {};
    const expiresAt = expiry?.N === undefined ? undefined : Number(expiry.N) * 1000;
    if (!value || (expiresAt !== undefined && expiresAt <= Date.now())) return undefined;
    const kept: Value = value.B ? { bytes: value.B } : { json: value.S ?? "null" };
    return { value: kept, etag: etag?.S ?? "", ...(expiresAt !== undefined && { expiresAt }) };
  }

  function itemOf(
    key: string,
    value: Value,
    expiresAt: number | undefined,
  ): Item & { readonly etag: { readonly S: string } } {
    const size = "bytes" in value ? value.bytes.byteLength : Buffer.byteLength(value.json);
    if (size > maxValueBytes)
      throw new FaastenError(
        "TOO_LARGE",
        `${where}: a value holds at most ${maxValueBytes} bytes, and this one has ${size}`,
      );
    return {
      ...keyOf(key),
      value: "bytes" in value ? { B: value.bytes } : { S: value.json },
      ...(expiresAt !== undefined && { [expiryName]: { N: String(Math.ceil(expiresAt / 1000)) } }),
      etag: { S: process.getBuiltinModule("node:crypto").randomBytes(8).toString("hex") },
    };
  }

  /** What DynamoDB has not swept yet does not exist. */
  function conditionOf({ ifEtag, ifAbsent }: Condition) {
    if (!ifAbsent && ifEtag === undefined) return {};
    const now = { ":now": { N: String(Math.floor(Date.now() / 1000)) } };
    return ifAbsent
      ? {
          ConditionExpression: "attribute_not_exists(#key) OR #expiry <= :now",
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: now,
        }
      : {
          ConditionExpression: "etag = :etag AND (attribute_not_exists(#expiry) OR #expiry > :now)",
          ExpressionAttributeNames: { "#expiry": expiryName },
          ExpressionAttributeValues: { ...now, ":etag": { S: ifEtag ?? "" } },
        };
  }

  async function getMany(
    keys: readonly string[],
    { signal, consistency }: Parameters<NonNullable<StateStore["getMany"]>>[1] = {},
  ) {
    const found = new Map<string, StateEntry>();
    for (const key of keys) checkKey(key, where);
    let wanted = [...new Set(keys)];
    for (let round = 0; wanted.length > 0; round++) {
      if (round > 0) await pause(round, signal);
      const [asked, rest] = [wanted.slice(0, atOnce), wanted.slice(atOnce)];
      const { Responses = {}, UnprocessedKeys = {} } = await call(
        "BatchGetItem",
        { RequestItems: { [TableName]: { Keys: asked.map(keyOf), ConsistentRead: consistency !== "eventual" } } },
        { ...(signal && { signal }) },
      );
      for (const item of Responses[TableName] ?? []) {
        const entry = entryOf(item);
        if (entry) found.set(keyIn(item), entry);
      }
      const left = (UnprocessedKeys[TableName]?.Keys ?? []).map(keyIn);
      if (left.length < asked.length) round = -1;
      wanted = [...left, ...rest];
    }
    return found;
  }

  return {
    maxValueBytes,

    async get(key, { signal, consistency } = {}) {
      checkKey(key, where);
      const input = { TableName, Key: keyOf(key), ConsistentRead: consistency !== "eventual" };
      return entryOf((await call("GetItem", input, { ...(signal && { signal }) })).Item);
    },

    async set(key, value, { signal, expiresAt, ...condition } = {}) {
      checkKey(key, where);
      const item = itemOf(key, value, expiresAt);
      const conditions = conditionOf(condition);
      const once = "ConditionExpression" in conditions;
      const done = await holds(
        call("PutItem", { TableName, Item: item, ...conditions }, { once, ...(signal && { signal }) }),
      );
      return done ? item.etag.S : undefined;
    },

    async delete(key, { signal, ...condition } = {}) {
      checkKey(key, where);
      const conditions = conditionOf(condition);
      const once = "ConditionExpression" in conditions;
      return holds(
        call("DeleteItem", { TableName, Key: keyOf(key), ...conditions }, { once, ...(signal && { signal }) }),
      );
    },

    getMany,

    ...(flag(options, "allowScan") &&
      ({
        async *list(prefix, { after, signal } = {}) {
          const keys: string[] = [];
          let from: Item | undefined;
          do {
            const page = await call(
              "Scan",
              {
                TableName,
                ConsistentRead: true,
                FilterExpression: `${prefix === "" ? "" : "begins_with(#key, :prefix) AND "}(attribute_not_exists(#expiry) OR #expiry > :now)`,
                ProjectionExpression: "#key",
                ExpressionAttributeNames: names,
                ExpressionAttributeValues: {
                  ...(prefix !== "" && { ":prefix": { S: prefix } }),
                  ":now": { N: String(Math.floor(Date.now() / 1000)) },
                },
                ...(from && { ExclusiveStartKey: from }),
              },
              { ...(signal && { signal }) },
            );
            keys.push(...(page.Items ?? []).map(keyIn));
            from = page.LastEvaluatedKey;
          } while (from);
          for (const key of keys.sort(byBytes)) if (after === undefined || byBytes(key, after) > 0) yield key;
        },
      } satisfies Partial<StateStore>)),

    async transact(_partition, operations, { signal } = {}) {
      checkOperations(operations, where);
      if (operations.length === 0) return true;
      const TransactItems = operations.map((operation) => {
        const conditions = conditionOf(operation);
        return operation.kind === "delete"
          ? { Delete: { TableName, Key: keyOf(operation.key), ...conditions } }
          : { Put: { TableName, Item: itemOf(operation.key, operation.value, operation.expiresAt), ...conditions } };
      });
      // The SDK gives each a token of its own, so that a repeat of one that arrived is known for what it is.
      return holds(call("TransactWriteItems", { TransactItems }, { ...(signal && { signal }) }));
    },

    async close() {
      close();
    },
  };
};

/** Whether the condition held. A transaction that met another one has not happened, and may be tried again. */
async function holds(done: Promise<unknown>): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (error) {
    const cause: unknown = error instanceof FaastenError ? error.cause : undefined;
    const name = cause instanceof Error ? cause.name : "";
    if (name === "ConditionalCheckFailedException") return false;
    if (name !== "TransactionCanceledException") throw error;
    const { CancellationReasons = [] } = cause as {
      readonly CancellationReasons?: readonly { readonly Code?: string }[];
    };
    const reasons = CancellationReasons.map(({ Code }) => Code);
    if (reasons.includes("ConditionalCheckFailed")) return false;
    const message = error instanceof Error ? error.message : String(error);
    throw new FaastenError(reasons.includes("ValidationError") ? "INVALID" : "THROTTLED", message, { cause: error });
  }
}

/** Before asking again for what was left out: longer each time, and never at once with all the others. */
async function pause(round: number, signal: AbortSignal | undefined): Promise<void> {
  const { setTimeout } = process.getBuiltinModule("node:timers/promises");
  await setTimeout(Math.random() * Math.min(2_000, 50 * 2 ** round), undefined, { ...(signal && { signal }) });
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
