// A contract server of ours for Firestore in native mode, over its REST API, written from its reference alone. It is no emulator,
// and proves nothing that the reference does not say.
// https://docs.cloud.google.com/firestore/docs/reference/rest/v1/projects.databases.documents
// https://docs.cloud.google.com/firestore/quotas
import { isDeepStrictEqual } from "node:util";
import { type Answer, type GoogleServer, parsed, Refusal, startGoogle } from "./google-http.ts";

type Fields = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Stored {
  readonly name: string;
  readonly fields: Fields;
  readonly createTime: string;
  readonly updateTime: string;
}

interface Precondition {
  readonly exists?: boolean;
  readonly updateTime?: string;
}

interface Write {
  readonly update?: { readonly name: string; readonly fields?: Fields };
  readonly delete?: string;
  readonly updateMask?: { readonly fieldPaths?: readonly string[] };
  readonly currentDocument?: Precondition;
}

/** What a transaction has read: the version of each, and `undefined` for what was not there. */
type Transaction = Map<string, string | undefined>;

type Method = (input: Readonly<Record<string, unknown>>, parent: string) => unknown;

export async function startFirestore(): Promise<GoogleServer> {
  const documents = new Map<string, Stored>();
  const transactions = new Map<string, Transaction>();
  let clock = 0;
  let begun = 0;

  /** In microseconds, and no two commits have the same. */
  function now(): string {
    clock = Math.max(clock + 1, Math.floor((performance.timeOrigin + performance.now()) * 1000));
    const micros = String(clock % 1000).padStart(3, "0");
    const text = new Date(Math.floor(clock / 1000)).toISOString();
    return micros === "000" ? text : text.replace("Z", `${micros}Z`);
  }

  function transactionOf(id: unknown): Transaction | undefined {
    if (id === undefined || id === "") return undefined;
    const transaction = transactions.get(String(id));
    if (!transaction)
      throw new Refusal("INVALID_ARGUMENT", "The referenced transaction has expired or is no longer valid.");
    return transaction;
  }

  function begin(): string {
    const id = Buffer.from(`transaction ${++begun}`).toString("base64");
    transactions.set(id, new Map());
    return id;
  }

  function seen(transaction: Transaction | undefined, name: string): Stored | undefined {
    const document = documents.get(name);
    if (transaction && !transaction.has(name)) transaction.set(name, document?.updateTime);
    return document;
  }

  const methods: Readonly<Record<string, Method>> = {
    batchGet({ documents: names = [], transaction, newTransaction, mask }, parent) {
      const fresh = newTransaction === undefined ? undefined : begin();
      const reading = transactionOf(fresh ?? transaction);
      const readTime = now();
      const asked = [...new Set(stringsOf(names))];
      const replies = asked.map((name) => {
        checkName(name, parent);
        const found = seen(reading, name);
        return { ...(found ? { found: masked(found, mask) } : { missing: name }), readTime };
      });
      return fresh === undefined ? replies : [{ transaction: fresh }, ...replies];
    },

    beginTransaction: () => ({ transaction: begin() }),

    rollback({ transaction }) {
      transactionOf(transaction);
      transactions.delete(String(transaction));
      return {};
    },

    /** All or nothing: conditions are looked at in order, each against what the writes before it leave. */
    commit({ writes = [], transaction }, parent) {
      const reading = transactionOf(transaction);
      if (reading) {
        transactions.delete(String(transaction));
        for (const [name, version] of reading)
          if (documents.get(name)?.updateTime !== version)
            throw new Refusal("ABORTED", "Too much contention on these documents. Please try again.");
      }
      const commitTime = now();
      const next = new Map<string, Stored | undefined>();
      const writeResults = (writes as readonly Write[]).map((write) => {
        const name = checkName(write.update?.name ?? write.delete ?? "", parent);
        const before = next.has(name) ? next.get(name) : documents.get(name);
        checkPrecondition(name, write.currentDocument, before);
        if (!write.update) {
          next.set(name, undefined);
          return {};
        }
        const fields = fieldsAfter(write, before);
        const same = before !== undefined && isDeepStrictEqual(before.fields, fields);
        const updateTime = same ? before.updateTime : commitTime;
        const stored = { name, fields, createTime: before?.createTime ?? commitTime, updateTime };
        checkSize(stored);
        next.set(name, stored);
        return { updateTime };
      });
      for (const [name, document] of next)
        if (document) documents.set(name, document);
        else documents.delete(name);
      return { writeResults, commitTime };
    },

    /** Ranges of names, in their order: of the query language nothing else is here. */
    runQuery({ structuredQuery, transaction }, parent) {
      const query = structuredQuery as Query;
      const reading = transactionOf(transaction);
      const readTime = now();
      const [{ collectionId } = { collectionId: "" }] = query.from;
      const found = [...documents.values()]
        .filter(({ name }) => name.slice(0, name.lastIndexOf("/")) === `${parent}/${collectionId}`)
        .filter(({ name }) => filtersOf(query).every((filter) => within(name, filter)))
        .sort((a, b) => compare(a.name, b.name))
        .slice(0, query.limit);
      for (const { name } of found) seen(reading, name);
      const mask = query.select && { fieldPaths: query.select.fields.map(({ fieldPath }) => fieldPath) };
      return found.length === 0 ? [{ readTime }] : found.map((each) => ({ document: masked(each, mask), readTime }));
    },
  };

  return startGoogle((request, url, body): Answer | undefined => {
    const [, parent = "", method = ""] =
      /^\/v1\/(projects\/[^/]+\/databases\/[^/]+\/documents):(\w+)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    if (request.method !== "POST" || !Object.hasOwn(methods, method)) return undefined;
    // https://docs.cloud.google.com/firestore/quotas#writes_and_transactions
    if (body.byteLength > 11 * 1024 * 1024)
      throw new Refusal("INVALID_ARGUMENT", "Request payload size exceeds the limit: 11534336 bytes.");
    return { status: 200, body: methods[method]?.(parsed(body), parent) };
  });
}

function stringsOf(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw new Refusal("INVALID_ARGUMENT", "Names are strings.");
}

function checkName(name: string, parent: string): string {
  const bad = (why: string): never => {
    throw new Refusal("INVALID_ARGUMENT", `Document name "${name}" ${why}`);
  };
  if (!name.startsWith(`${parent}/`)) return bad(`lies outside of "${parent}"`);
  const segments = name.slice(parent.length + 1).split("/");
  if (segments.length % 2 !== 0) return bad("lacks an even number of segments after documents");
  for (const id of segments) {
    if (id === "" || id === "." || id === "..") return bad(`has the segment "${id}"`);
    if (/^__.*__$/s.test(id)) return bad(`has the reserved id "${id}"`);
    if (!id.isWellFormed()) return bad("is no Unicode text");
    if (Buffer.byteLength(id) > 1500) return bad("has an id of more than 1500 bytes");
  }
  return name;
}

/** https://docs.cloud.google.com/firestore/docs/reference/rest/v1/Precondition */
function checkPrecondition(name: string, condition: Precondition | undefined, document: Stored | undefined): void {
  if (!condition) return;
  const { exists, updateTime } = condition;
  if (updateTime !== undefined) {
    const [, fraction = ""] = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,9}))?Z$/.exec(updateTime) ?? [undefined, "x"];
    if (Number.isNaN(Date.parse(updateTime)) || !/^\d{0,6}0*$/.test(fraction))
      throw new Refusal("INVALID_ARGUMENT", `Invalid value at 'current_document.update_time': "${updateTime}"`);
    if (!document) throw new Refusal("NOT_FOUND", `No document to update: ${name}`);
    if (document.updateTime !== updateTime)
      throw new Refusal("FAILED_PRECONDITION", "the stored version does not match the required base version");
  }
  if (exists === true && !document) throw new Refusal("NOT_FOUND", `No document to update: ${name}`);
  if (exists === false && document) throw new Refusal("ALREADY_EXISTS", `Document already exists: ${name}`);
}

/** With a mask only what it names changes; without one the whole document does. */
function fieldsAfter({ update, updateMask }: Write, before: Stored | undefined): Fields {
  const fields = checkFields(update?.fields ?? {});
  if (!updateMask) return fields;
  const after: Record<string, Fields[string]> = { ...before?.fields };
  for (const path of updateMask.fieldPaths ?? []) {
    const value = fields[path];
    if (value) after[path] = value;
    else delete after[path];
  }
  return after;
}

function checkFields(fields: Fields): Fields {
  for (const [name, value] of Object.entries(fields)) {
    if (name === "" || /^__.*__$/.test(name))
      throw new Refusal("INVALID_ARGUMENT", `Document field name "${name}" is reserved.`);
    const { timestampValue } = value;
    if (timestampValue !== undefined && Number.isNaN(Date.parse(String(timestampValue))))
      throw new Refusal("INVALID_ARGUMENT", `Invalid value at '${name}': ${String(timestampValue)}`);
  }
  return structuredClone(fields);
}

/** https://docs.cloud.google.com/firestore/docs/storage-size: 1 MiB with its name, of which this counts names and values. */
function checkSize({ name, fields }: Stored): void {
  let size = Buffer.byteLength(name) + 32;
  for (const [field, { stringValue, bytesValue }] of Object.entries(fields)) {
    size += Buffer.byteLength(field) + 1;
    if (typeof stringValue === "string") size += Buffer.byteLength(stringValue) + 1;
    else if (typeof bytesValue === "string") size += Buffer.from(bytesValue, "base64").byteLength;
    else size += 8;
  }
  if (size > 1024 * 1024)
    throw new Refusal(
      "INVALID_ARGUMENT",
      `Document '${name}' cannot be written because its size (${size} bytes) exceeds the maximum allowed size of 1,048,576 bytes.`,
    );
}

function masked(document: Stored, mask: unknown): Stored {
  const { fieldPaths } = (mask ?? {}) as { readonly fieldPaths?: readonly string[] };
  if (!fieldPaths) return document;
  return {
    ...document,
    fields: Object.fromEntries(Object.entries(document.fields).filter(([name]) => fieldPaths.includes(name))),
  };
}

interface FieldFilter {
  readonly field: { readonly fieldPath: string };
  readonly op: string;
  readonly value: { readonly referenceValue?: string };
}

interface Query {
  readonly from: readonly { readonly collectionId: string }[];
  readonly select?: { readonly fields: readonly { readonly fieldPath: string }[] };
  readonly where?: {
    readonly fieldFilter?: FieldFilter;
    readonly compositeFilter?: {
      readonly op: string;
      readonly filters: readonly { readonly fieldFilter: FieldFilter }[];
    };
  };
  readonly limit?: number;
}

function filtersOf({ where }: Query): readonly FieldFilter[] {
  if (!where) return [];
  if (where.fieldFilter) return [where.fieldFilter];
  if (where.compositeFilter?.op === "AND") return where.compositeFilter.filters.map(({ fieldFilter }) => fieldFilter);
  throw new Refusal("UNIMPLEMENTED", "This server knows AND alone.");
}

const operators: Readonly<Record<string, (order: number) => boolean>> = {
  LESS_THAN: (order) => order < 0,
  LESS_THAN_OR_EQUAL: (order) => order <= 0,
  GREATER_THAN: (order) => order > 0,
  GREATER_THAN_OR_EQUAL: (order) => order >= 0,
  EQUAL: (order) => order === 0,
};

function within(name: string, { field: { fieldPath }, op, value: { referenceValue } }: FieldFilter): boolean {
  const holds = operators[op];
  if (fieldPath !== "__name__" || !holds) throw new Refusal("UNIMPLEMENTED", "This server compares names alone.");
  if (referenceValue === undefined) throw new Refusal("INVALID_ARGUMENT", "__key__ filter value must be a Key");
  return holds(compare(name, referenceValue));
}

/** https://docs.cloud.google.com/firestore/docs/concepts/data-types#value_type_ordering: by path elements, each by its UTF-8. */
function compare(a: string, b: string): number {
  const [left, right] = [a.split("/"), b.split("/")];
  for (const [index, each] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = Buffer.compare(Buffer.from(each), Buffer.from(other));
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
