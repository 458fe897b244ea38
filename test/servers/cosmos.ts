// A contract server of ours for Cosmos DB's REST API, of which no emulator of npm has batches and expiry: items, transactional batches,
// etags, time to live, a query, and the account. Not independent of the provider: written by the same people, from the reference.
// https://learn.microsoft.com/rest/api/cosmos-db/
// https://learn.microsoft.com/azure/cosmos-db/nosql/transactional-batch
import { createHmac, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface CosmosOptions {
  readonly consistency?: string;
  /** The service's clock, in Unix milliseconds. */
  readonly now?: () => number;
  /** Left out: `/dbs/app/colls/entries`. */
  readonly containers?: readonly string[];
  /** Whose token of Microsoft Entra this is; `undefined`: nobody's. */
  readonly whose?: (token: string) => string | undefined;
}

export interface Cosmos {
  readonly url: string;
  /** The account's key. */
  readonly key: string;
  /** What each request was: its method, its path, and what it asked for beside. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

interface Item {
  readonly id: string;
  readonly _etag: string;
  readonly _ts: number;
  readonly ttl?: number;
  readonly [field: string]: unknown;
}
type Partition = ReadonlyMap<string, Item>;

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One operation, alone or in a batch. */
interface Operation {
  readonly operationType: string;
  readonly id?: string;
  readonly ifMatch?: string;
  readonly resourceBody?: Readonly<Record<string, unknown>>;
}

const largest = 2 * 1024 * 1024;

/** Containers that are partitioned by `/partitionKey`, with time to live switched on. */
export async function startCosmos(options: CosmosOptions = {}): Promise<Cosmos> {
  const { consistency = "Strong", now = Date.now, whose = () => undefined } = options;
  const { containers = ["/dbs/app/colls/entries"] } = options;
  const key = Buffer.from(randomUUID()).toString("base64");
  const partitions = new Map<string, Partition>();
  const requests: string[] = [];

  const answer = (method: string, path: string, headers: IncomingMessage["headers"], text: string): Answer => {
    const decoded = decodeURIComponent(path);
    const proof = decodeURIComponent(headers.authorization ?? "");
    const [, token] = /^type=aad&ver=1\.0&sig=(.+)$/.exec(proof) ?? [];
    if (token === undefined ? !isSigned(method, decoded, headers, key) : whose(token) === undefined)
      return refused(401, "Unauthorized", "The input authorization token can't serve the request.");
    if (method === "GET" && path === "/") return { status: 200, body: account(consistency) };
    const container = containers.find((each) => path === each || path.startsWith(`${each}/`)) ?? "";
    if (method === "GET" && containers.includes(path)) return { status: 200, body: definitionOf(path) };
    if (path !== `${container}/docs` && !path.startsWith(`${container}/docs/`))
      return { ...refused(404, "NotFound", "Owner resource does not exist"), headers: { "x-ms-substatus": "1003" } };
    if (Buffer.byteLength(text) > largest) return refused(413, "RequestEntityTooLarge", "Request size is too large");
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    if (headers["x-ms-documentdb-isquery"] !== undefined)
      return query(
        body,
        headers,
        [...partitions]
          .filter(([name]) => name.startsWith(`${container} `))
          .flatMap(([, each]) => [...live(each, now()).values()]),
      );

    const [partition, ...others] = JSON.parse(String(headers["x-ms-documentdb-partitionkey"] ?? "[]")) as unknown[];
    if (typeof partition !== "string" || others.length > 0)
      return refused(400, "BadRequest", "PartitionKey value must be supplied for this operation.");
    const before = live(partitions.get(`${container} ${partition}`) ?? new Map(), now());
    if (headers["x-ms-cosmos-is-batch-request"] !== undefined) {
      const [reply, after] = batch(before, body, partition, now(), headers["prefer"] === "return=minimal");
      partitions.set(`${container} ${partition}`, after);
      return reply;
    }
    const operationType = operationOf(method, headers);
    const id = decoded.slice(`${container}/docs/`.length);
    const ifMatch = headers["if-match"];
    const operation = { operationType, id, ...(ifMatch !== undefined && { ifMatch }), resourceBody: body as Item };
    const [reply, after] = operate(before, operation, partition, now());
    partitions.set(`${container} ${partition}`, after);
    return reply;
  };

  const server = createServer(async (request, response) => {
    const [method = "", path = ""] = [request.method, request.url?.split("?")[0]];
    const kind = ["isquery", "is-upsert"].find((each) => request.headers[`x-ms-documentdb-${each}`] !== undefined);
    const of = ["batch", "query-plan"].find((each) => request.headers[`x-ms-cosmos-is-${each}-request`] !== undefined);
    requests.push([method, path, of ?? kind].filter(Boolean).join(" "));
    const text = await textOf(request);
    const { status, body, headers } = answer(method, path, request.headers, text);
    response.writeHead(status, {
      "content-type": "application/json",
      "x-ms-activity-id": randomUUID(),
      "x-ms-request-charge": "1",
      ...headers,
    });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What its time to live has ended is absent to everybody, from that second on. */
function live(partition: Partition, now: number): Partition {
  return new Map([...partition].filter(([, { ttl = -1, _ts }]) => ttl === -1 || now < (_ts + ttl) * 1000));
}

function operationOf(method: string, headers: IncomingMessage["headers"]): string {
  if (method === "POST") return headers["x-ms-documentdb-is-upsert"] === undefined ? "Create" : "Upsert";
  return { GET: "Read", PUT: "Replace", DELETE: "Delete" }[method] ?? method;
}

function operate(before: Partition, operation: Operation, partition: string, now: number): [Answer, Partition] {
  const { operationType, ifMatch, resourceBody } = operation;
  const writes = ["Create", "Upsert", "Replace"].includes(operationType);
  const id = writes ? resourceBody?.["id"] : operation.id;
  if (typeof id !== "string" || id === "" || /[/\\?#]/.test(id) || Buffer.byteLength(id) > 1023)
    return [refused(400, "BadRequest", "The input name is invalid."), before];
  const found = before.get(id);
  if (operationType === "Create" && found)
    return [refused(409, "Conflict", "Entity with the specified id already exists in the system."), before];
  if (!found && !["Create", "Upsert"].includes(operationType))
    return [refused(404, "NotFound", "Entity with the specified id does not exist in the system."), before];
  if (found && ifMatch !== undefined && ifMatch !== "*" && ifMatch !== found._etag)
    return [
      refused(
        412,
        "PreconditionFailed",
        "Operation cannot be performed because one of the specified precondition is not met.",
      ),
      before,
    ];
  if (operationType === "Read") return [{ status: 200, body: found, headers: { etag: found?._etag ?? "" } }, before];

  const after = new Map(before);
  if (operationType === "Delete") {
    after.delete(id);
    return [{ status: 204 }, after];
  }
  if (!writes) return [refused(405, "MethodNotAllowed", operationType), before];
  const { ttl } = resourceBody ?? {};
  if (ttl !== undefined && ttl !== -1 && !(Number.isInteger(ttl) && Number(ttl) > 0 && Number(ttl) <= 2_147_483_647))
    return [
      refused(
        400,
        "BadRequest",
        "The input ttl is invalid. Ensure to provide a nonzero positive integer less than or equal to 2147483647",
      ),
      before,
    ];
  if (resourceBody?.["partitionKey"] !== partition)
    return [
      refused(400, "BadRequest", "PartitionKey extracted from document doesn't match the one specified in the header"),
      before,
    ];
  const item: Item = {
    ...resourceBody,
    id,
    _etag: `"${randomUUID()}"`,
    _ts: Math.floor(now / 1000),
    _rid: "rid",
    _self: "self",
  };
  after.set(id, item);
  const status = operationType === "Replace" || found ? 200 : 201;
  return [{ status, body: item, headers: { etag: item._etag } }, after];
}

/** In order, each on what the one before it left; all of them, or none. */
function batch(
  before: Partition,
  body: unknown,
  partition: string,
  now: number,
  minimal: boolean,
): [Answer, Partition] {
  if (!Array.isArray(body) || body.length > 100)
    return [refused(400, "BadRequest", "Batch request has more operations than what is supported."), before];
  const operations = body as readonly Operation[];
  const results: unknown[] = [];
  let after = before;
  for (const operation of operations) {
    const [{ status, body: item, headers }, next] = operate(after, operation, partition, now);
    if (status >= 400) {
      const failed = operations.map((each) => ({ statusCode: each === operation ? status : 424, requestCharge: 1 }));
      return [{ status: 207, body: failed }, before];
    }
    results.push({
      statusCode: status,
      requestCharge: 1,
      ...(headers && { eTag: headers["etag"] }),
      ...(!minimal && item !== undefined && { resourceBody: item }),
    });
    after = next;
  }
  return [{ status: 200, body: results }, after];
}

/** Of SQL, what begins with something. */
function query(body: unknown, headers: IncomingMessage["headers"], items: readonly Item[]): Answer {
  const { query: text = "", parameters = [] } = (body ?? {}) as {
    readonly query?: string;
    readonly parameters?: readonly { readonly name: string; readonly value: string }[];
  };
  const [, fields = "", name] =
    /^SELECT (c\.\w+(?:, c\.\w+)*) FROM c WHERE STARTSWITH\(c\.id, (@\w+)\)$/.exec(text) ?? [];
  const prefix = parameters.find((each) => each.name === name)?.value;
  if (prefix === undefined) return refused(400, "BadRequest", `Syntax error, or more than this server knows: ${text}`);
  const names = fields.split(", ").map((field) => field.slice(2));
  const found = items.filter(({ id }) => id.startsWith(prefix));
  const from = Number(headers["x-ms-continuation"] ?? 0);
  const to = from + Math.min(100, Number(headers["x-ms-max-item-count"] ?? 100));
  const Documents = found
    .slice(from, to)
    .map((item) => Object.fromEntries(names.filter((field) => field in item).map((field) => [field, item[field]])));
  const more = to < found.length ? { "x-ms-continuation": String(to) } : undefined;
  return { status: 200, body: { _rid: "rid", Documents, _count: Documents.length }, ...(more && { headers: more }) };
}

/** https://learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources */
function isSigned(method: string, path: string, headers: IncomingMessage["headers"], key: string): boolean {
  const parts = path === "/" ? [] : path.slice(1).split("/");
  const [type = ""] = parts.slice(parts.length % 2 === 0 ? -2 : -1);
  const link = parts.slice(0, parts.length - (parts.length % 2)).join("/");
  const text = `${method.toLowerCase()}\n${type}\n${link}\n${String(headers["x-ms-date"]).toLowerCase()}\n\n`;
  const signature = createHmac("sha256", Buffer.from(key, "base64")).update(text).digest("base64");
  return decodeURIComponent(headers.authorization ?? "") === `type=master&ver=1.0&sig=${signature}`;
}

function account(defaultConsistencyLevel: string): object {
  return {
    id: "account",
    _self: "",
    writableLocations: [],
    readableLocations: [],
    enableMultipleWriteLocations: false,
    userConsistencyPolicy: { defaultConsistencyLevel },
  };
}

function definitionOf(path: string): object {
  const partitionKey = { paths: ["/partitionKey"], kind: "Hash", version: 2 };
  return { id: path.split("/").at(-1), _rid: "rid", partitionKey, defaultTtl: -1 };
}

function refused(status: number, code: string, message: string): Answer {
  return { status, body: { code, message } };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  return text;
}
