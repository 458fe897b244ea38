// State in a collection of Firestore in native mode: one document a key, its update time the etag.
// https://docs.cloud.google.com/firestore/docs/reference/rest/v1/projects.databases.documents/commit
// https://docs.cloud.google.com/firestore/docs/reference/rest/v1/Precondition
// https://docs.cloud.google.com/firestore/quotas#collections_documents_and_fields
import {
  type CallOptions,
  type Condition,
  type Create,
  checkKey,
  checkOperations,
  FaastenError,
  type StateEntry,
  type StateOperation,
  type StateStore,
  setting,
  type Value,
} from "../../../src/provider.ts";
import { absentIf, createClient } from "../client.ts";
import { projectOf } from "../credentials.ts";
import { after, idOf, keyOf } from "../document-id.ts";

/** A document holds 1 MiB with its name and its other fields. */
const maxValueBytes = 1_000_000;
/** One commit, in JSON. */
const maxCommitBytes = 10 * 1024 * 1024;
/** What one request reads. */
const atOnce = 100;
const page = 300;
/** How often a write looks again at what is in its way, before it gives up. */
const maxRounds = 10;

type Field =
  | { readonly stringValue: string }
  | { readonly bytesValue: string }
  | { readonly timestampValue: string }
  | { readonly nullValue: null };

interface Document {
  readonly name: string;
  readonly fields?: Readonly<Record<string, Field>>;
  readonly updateTime?: string;
}

interface Write {
  readonly update?: Document;
  readonly delete?: string;
  readonly currentDocument?: { readonly exists: boolean } | { readonly updateTime: string };
}

export const create: Create<StateStore> = (options) => {
  const where = `state component "${options.name}"`;
  const { call, close } = createClient(options, "firestore.googleapis.com");

  /** The stack says the whole path; a YAML may say the name alone. */
  function place(): { readonly documents: string; readonly collection: string } {
    const said = setting(options, "collection") ?? options.name;
    const [, documents, collection] = /^(projects\/[^/]+\/databases\/[^/]+\/documents)\/([^/]+)$/.exec(said) ?? [];
    if (documents !== undefined && collection !== undefined) return { documents, collection };
    const database = setting(options, "database") ?? "(default)";
    return { documents: `projects/${projectOf(options)}/databases/${database}/documents`, collection: said };
  }

  function nameOf(key: string): string {
    const { documents, collection } = place();
    return `${documents}/${collection}/${idOf(key)}`;
  }

  async function read(keys: readonly string[], { signal }: CallOptions): Promise<ReadonlyMap<string, Document>> {
    const found = new Map<string, Document>();
    for (let at = 0; at < keys.length; at += atOnce) {
      const documents = keys.slice(at, at + atOnce).map(nameOf);
      const replies = await call<readonly { readonly found?: Document }[]>(
        "BatchGetDocuments",
        `/v1/${place().documents}:batchGet`,
        { documents },
        { ...(signal && { signal }) },
      );
      for (const { found: document } of replies) if (document) found.set(keyOf(document.name), document);
    }
    return found;
  }

  function toWrite(operation: StateOperation, there: Document | undefined): Write {
    const name = nameOf(operation.key);
    const currentDocument = preconditionOf(operation, there);
    return {
      ...(operation.kind === "delete" ? { delete: name } : { update: { name, fields: toFields(operation, where) } }),
      ...(currentDocument && { currentDocument }),
    };
  }

  /** The update times, in order; `undefined`: one condition did not hold, and nothing is written. */
  async function commit(
    operations: readonly StateOperation[],
    { signal }: CallOptions,
  ): Promise<readonly string[] | undefined> {
    if (operations.some((operation) => hasMeanwhileExpired(operation))) return undefined;
    const conditional = operations.filter(({ ifAbsent, ifEtag }) => ifAbsent || ifEtag !== undefined);
    const once = conditional.length > 0;
    let there: ReadonlyMap<string, Document> = new Map();
    for (let round = 0; round < maxRounds; round++) {
      const writes = operations.map((operation) => toWrite(operation, there.get(operation.key)));
      checkSize(writes, where);
      const done = call<{ readonly writeResults: readonly { readonly updateTime?: string }[] }>(
        "Commit",
        `/v1/${place().documents}:commit`,
        { writes },
        { once, ...(signal && { signal }) },
      );
      const results = (await absentIf(done, ...mismatches))?.writeResults;
      if (results) return results.map(({ updateTime = "" }) => updateTime);
      // Only where an expired one may be in the way is there anything to look at.
      if (!conditional.some(({ ifAbsent }) => ifAbsent)) return undefined;
      there = await read(
        conditional.map(({ key }) => key),
        { ...(signal && { signal }) },
      );
      if (!conditional.every((operation) => holds(operation, there.get(operation.key)))) return undefined;
    }
    throw new FaastenError("THROTTLED", `${where}: Commit met other writers ${maxRounds} times; nothing is written`);
  }

  return {
    maxValueBytes,

    async get(key, { signal } = {}) {
      checkKey(key, where);
      return entryOf((await read([key], { ...(signal && { signal }) })).get(key));
    },

    async set(key, value, { signal, partition: _, ...rest } = {}) {
      checkKey(key, where);
      const [updateTime] = (await commit([{ kind: "set", key, value, ...rest }], { ...(signal && { signal }) })) ?? [];
      return updateTime === undefined ? undefined : toEtag(updateTime, secondsOf(rest.expiresAt));
    },

    async delete(key, { signal, partition: _, ...condition } = {}) {
      checkKey(key, where);
      return (await commit([{ kind: "delete", key, ...condition }], { ...(signal && { signal }) })) !== undefined;
    },

    async getMany(keys, { signal } = {}) {
      for (const key of keys) checkKey(key, where);
      const found = new Map<string, StateEntry>();
      for (const [key, document] of await read([...new Set(keys)], { ...(signal && { signal }) })) {
        const entry = entryOf(document);
        if (entry) found.set(key, entry);
      }
      return found;
    },

    async *list(prefix, { after: last, signal } = {}) {
      const { documents, collection } = place();
      const reference = (id: string) => ({ referenceValue: `${documents}/${collection}/${id}` });
      const filter = (op: string, id: string) => ({
        fieldFilter: { field: { fieldPath: "__name__" }, op, value: reference(id) },
      });
      const [first, end] = [idOf(prefix), after(idOf(prefix))];
      let from = last === undefined ? undefined : idOf(last);
      for (;;) {
        const range = [filter("GREATER_THAN_OR_EQUAL", first), filter("LESS_THAN", end)];
        const filters = from === undefined ? range : [...range, filter("GREATER_THAN", from)];
        const structuredQuery = {
          from: [{ collectionId: collection }],
          select: { fields: [{ fieldPath: "expiresAt" }] },
          where: { compositeFilter: { op: "AND", filters } },
          orderBy: [{ field: { fieldPath: "__name__" }, direction: "ASCENDING" }],
          limit: page,
        };
        const replies = await call<readonly { readonly document?: Document }[]>(
          "RunQuery",
          `/v1/${documents}:runQuery`,
          { structuredQuery },
          { ...(signal && { signal }) },
        );
        const found = replies.flatMap(({ document }) => document ?? []);
        for (const document of found) if (!hasExpired(expiryIn(document))) yield keyOf(document.name);
        const next = found.at(-1)?.name;
        if (found.length < page || next === undefined) return;
        from = next.slice(next.lastIndexOf("/") + 1);
      }
    },

    async transact(_partition, operations, { signal } = {}) {
      checkOperations(operations, where);
      return operations.length === 0 || (await commit(operations, { ...(signal && { signal }) })) !== undefined;
    },

    async close() {
      close();
    },
  };
};

/** An equal document would keep its update time: the nonce makes each write another one. */
function toFields(
  { value, expiresAt }: Extract<StateOperation, { readonly kind: "set" }>,
  where: string,
): NonNullable<Document["fields"]> {
  const size = "bytes" in value ? value.bytes.byteLength : Buffer.byteLength(value.json);
  if (size > maxValueBytes)
    throw new FaastenError(
      "TOO_LARGE",
      `${where}: a value holds at most ${maxValueBytes} bytes, and this one has ${size}`,
    );
  const seconds = secondsOf(expiresAt);
  return {
    value: "bytes" in value ? { bytesValue: base64(value.bytes) } : { stringValue: value.json },
    nonce: { stringValue: process.getBuiltinModule("node:crypto").randomBytes(8).toString("hex") },
    ...(seconds !== undefined && { expiresAt: { timestampValue: timeOf(seconds) } }),
  };
}

/** A commit is refused as a whole if it is above its limit. */
function checkSize(writes: readonly Write[], where: string): void {
  if (writes.length < 2) return;
  const size = Buffer.byteLength(JSON.stringify(writes));
  if (size > maxCommitBytes)
    throw new FaastenError(
      "TOO_LARGE",
      `${where}: a transaction holds at most ${maxCommitBytes} bytes, and this one has ${size}`,
    );
}

function preconditionOf({ ifAbsent, ifEtag }: Condition, there: Document | undefined): Write["currentDocument"] {
  if (ifEtag !== undefined) return { updateTime: versionOf(ifEtag)?.updateTime ?? "" };
  if (!ifAbsent) return undefined;
  return there?.updateTime === undefined ? { exists: false } : { updateTime: there.updateTime };
}

/** As far as what was read tells. */
function holds({ ifEtag }: Condition, there: Document | undefined): boolean {
  return ifEtag === undefined ? entryOf(there) === undefined : entryOf(there)?.etag === ifEtag;
}

/** The version is foreign, or its end has come: Firestore itself knows nothing of that. */
function hasMeanwhileExpired({ ifEtag }: Condition): boolean {
  if (ifEtag === undefined) return false;
  const version = versionOf(ifEtag);
  return !version || hasExpired(version.seconds);
}

/** What it says where a condition does not hold. https://docs.cloud.google.com/firestore/docs/reference/rest/v1/Precondition */
const mismatches = ["ALREADY_EXISTS", "FAILED_PRECONDITION", "NOT_FOUND"] as const;

/** A version's own end is a part of it, so that a condition needs no read. */
function toEtag(updateTime: string, seconds: number | undefined): string {
  return seconds === undefined ? updateTime : `${updateTime}~${seconds}`;
}

function versionOf(etag: string): { readonly updateTime: string; readonly seconds?: number } | undefined {
  const [, updateTime, seconds] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3}|\.\d{6})?Z)(?:~(-?\d{1,12}))?$/.exec(etag) ?? [];
  if (updateTime === undefined || Number.isNaN(Date.parse(updateTime))) return undefined;
  return { updateTime, ...(seconds !== undefined && { seconds: Number(seconds) }) };
}

function entryOf(document: Document | undefined): StateEntry | undefined {
  if (!document) return undefined;
  const { fields: { value } = {}, updateTime = "" } = document;
  const seconds = expiryIn(document);
  if (!value || hasExpired(seconds)) return undefined;
  const kept: Value =
    "bytesValue" in value
      ? { bytes: Buffer.from(value.bytesValue, "base64") }
      : { json: "stringValue" in value ? value.stringValue : "null" };
  return {
    value: kept,
    etag: toEtag(updateTime, seconds),
    ...(seconds !== undefined && { expiresAt: seconds * 1000 }),
  };
}

function expiryIn({ fields: { expiresAt } = {} }: Document): number | undefined {
  return expiresAt && "timestampValue" in expiresAt
    ? Math.ceil(Date.parse(expiresAt.timestampValue) / 1000)
    : undefined;
}

function hasExpired(seconds: number | undefined): boolean {
  return seconds !== undefined && seconds * 1000 <= Date.now();
}

/** The last second that a timestamp of Google's can say is in the year 9999. */
const lastSecond = 253_402_300_799;

function secondsOf(expiresAt: number | undefined): number | undefined {
  return expiresAt === undefined ? undefined : Math.min(lastSecond, Math.ceil(expiresAt / 1000));
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
