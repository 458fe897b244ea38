// Items in a table of DynamoDB, each a JSON object as attributes.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
// https://docs.dapr.io/reference/components-reference/supported-bindings/dynamodb/
import { type AttributeValue, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { type Binding, type BindingData, type Create, FaastenError, setting } from "../../../src/provider.ts";
import { createClient } from "../client.ts";
import { textOf } from "../message-text.ts";

export const create: Create<Required<Pick<Binding, "create" | "close">>> = (options) => {
  const where = `binding "${options.name}"`;
  const TableName = setting(options, "table") ?? options.name;
  const { call, close } = createClient(options, (config) => new DynamoDBClient(config), { PutItem: PutItemCommand });
  return {
    /** The item holds the table's key itself; one of that key is replaced. */
    async create(data, { signal } = {}) {
      await call("PutItem", { TableName, Item: itemOf(data, where) }, { ...(signal && { signal }) });
      return {};
    },
    async close() {
      close();
    },
  };
};

function itemOf(data: BindingData, where: string): Record<string, AttributeValue> {
  let item: AttributeValue | undefined;
  try {
    item = JSON.parse(textOf(data, where), attributeOf) as AttributeValue;
  } catch {
    // Told below, as any other text that is no object.
  }
  if (item?.M) return item.M;
  throw new FaastenError("INVALID", `${where}: an item is a JSON object, with the table's key among its members`);
}

/** From the innermost to the outermost; a number goes on with the digits that it was written with. */
function attributeOf(_name: string, value: unknown, context?: { readonly source?: string }): AttributeValue {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: context?.source ?? String(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (value === null) return { NULL: true };
  return Array.isArray(value) ? { L: value as AttributeValue[] } : { M: value as Record<string, AttributeValue> };
}
