// The contract server of Firestore, held against the API's reference, and against Google's own client over REST.
// https://docs.cloud.google.com/firestore/docs/reference/rest/v1/projects.databases.documents
import { Firestore } from "@google-cloud/firestore";
import { OAuth2Client } from "google-auth-library";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startFirestore } from "./firestore.ts";
import type { GoogleServer } from "./google-http.ts";

const documents = "projects/p/databases/(default)/documents";
let server: GoogleServer;

beforeAll(async () => {
  server = await startFirestore();
});
afterAll(() => server.close());

interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire is what is under test.
  readonly body: any;
}

async function post(method: string, body: object, token = "owner"): Promise<Reply> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${server.url}/v1/${documents}:${method}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

let named = 0;
const fresh = (): string => `${documents}/things/thing-${++named}`;
const fields = (text: string) => ({ text: { stringValue: text } });
const set = (name: string, text: string, currentDocument?: object) => ({
  update: { name, fields: fields(text) },
  ...(currentDocument && { currentDocument }),
});
const commit = (...writes: object[]) => post("commit", { writes });

async function read(name: string): Promise<Reply["body"]> {
  const { body } = await post("batchGet", { documents: [name] });
  return body[0].found;
}

async function written(name: string, text = "one"): Promise<string> {
  const { body } = await commit(set(name, text));
  return body.writeResults[0].updateTime;
}

describe("preconditions", () => {
  test("exists: false writes where nothing is, and is ALREADY_EXISTS where something is", async () => {
    const name = fresh();
    expect((await commit(set(name, "one", { exists: false }))).status).toBe(200);
    const { status, body } = await commit(set(name, "two", { exists: false }));
    expect([status, body.error.status]).toEqual([409, "ALREADY_EXISTS"]);
    expect((await read(name)).fields).toEqual(fields("one"));
  });

  test("exists: true is NOT_FOUND where nothing is", async () => {
    const { status, body } = await commit(set(fresh(), "one", { exists: true }));
    expect([status, body.error.status]).toEqual([404, "NOT_FOUND"]);
  });

  test("an update time that is not the last one is FAILED_PRECONDITION; of what is not there, NOT_FOUND", async () => {
    const name = fresh();
    const updateTime = await written(name);
    expect((await commit(set(name, "two", { updateTime }))).status).toBe(200);
    const { status, body } = await commit(set(name, "three", { updateTime }));
    expect([status, body.error.status]).toEqual([400, "FAILED_PRECONDITION"]);
    expect((await commit({ delete: name, currentDocument: { updateTime } })).status).toBe(400);
    expect((await read(name)).fields).toEqual(fields("two"));
    expect((await commit(set(fresh(), "one", { updateTime }))).body.error.status).toBe("NOT_FOUND");
  });

  test("an update time finer than a microsecond, and one that is none, are INVALID_ARGUMENT", async () => {
    for (const updateTime of ["2026-01-01T00:00:00.123456789Z", "yesterday", ""]) {
      const { body } = await commit(set(fresh(), "one", { updateTime }));
      expect(body.error.status).toBe("INVALID_ARGUMENT");
    }
  });

  test("a delete with exists: false removes nothing", async () => {
    const name = fresh();
    expect((await commit({ delete: name, currentDocument: { exists: false } })).status).toBe(200);
    await written(name);
    expect((await commit({ delete: name, currentDocument: { exists: false } })).body.error.status).toBe(
      "ALREADY_EXISTS",
    );
    expect(await read(name)).toBeDefined();
  });

  test("of twenty with one update time one wins", async () => {
    const name = fresh();
    const updateTime = await written(name);
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) => commit(set(name, `${index}`, { updateTime }))),
    );
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

describe("commits", () => {
  test("are atomic: one condition that does not hold leaves nothing of the others", async () => {
    const [one, two] = [fresh(), fresh()];
    await written(one);
    const { body } = await commit(set(two, "new"), { delete: one }, set(one, "again", { exists: true }));
    expect(body.error.status).toBe("NOT_FOUND");
    expect([(await read(one)).fields, await read(two)]).toEqual([fields("one"), undefined]);
  });

  test("leave the update time of what they do not change, and move that of what they do", async () => {
    const name = fresh();
    const first = await written(name);
    expect(await written(name)).toBe(first);
    expect((await read(name)).updateTime).toBe(first);
    const second = await written(name, "two");
    expect(second > first).toBe(true);
    expect((await read(name)).createTime).toBe(first);
  });

  test("replace a whole document without a mask, and what a mask names with one", async () => {
    const name = fresh();
    const both = { a: { stringValue: "a" }, b: { stringValue: "b" } };
    await commit({ update: { name, fields: both } });
    await commit({ update: { name, fields: { a: { stringValue: "A" } } }, updateMask: { fieldPaths: ["a"] } });
    expect((await read(name)).fields).toEqual({ ...both, a: { stringValue: "A" } });
    await commit({ update: { name, fields: {} }, updateMask: { fieldPaths: ["b"] } });
    expect((await read(name)).fields).toEqual({ a: { stringValue: "A" } });
    await commit(set(name, "whole"));
    expect((await read(name)).fields).toEqual(fields("whole"));
  });

  test("have no two the same time, in microseconds at most", async () => {
    const times = await Promise.all(Array.from({ length: 30 }, () => written(fresh())));
    expect(new Set(times).size).toBe(30);
    for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(?:\d{3}|\d{6})Z$/);
  });

  test("remove what is not there without a word, and tell no update time of a delete", async () => {
    const { status, body } = await commit({ delete: fresh() });
    expect([status, body.writeResults]).toEqual([200, [{}]]);
  });

  test.each([
    ["a dot", "."],
    ["two dots", ".."],
    ["what is the service's own", "__x__"],
    ["nothing", ""],
    ["more than 1500 bytes", "é".repeat(751)],
    ["a part of a path", "a/b"],
  ])("refuse an id that is %s", async (_what, id) => {
    expect((await commit(set(`${documents}/things/${id}`, "one"))).body.error.status).toBe("INVALID_ARGUMENT");
  });

  test("take 1500 bytes of id, and a document of just under 1 MiB but none above", async () => {
    expect((await commit(set(`${documents}/things/${"i".repeat(1500)}`, "one"))).status).toBe(200);
    expect((await commit(set(fresh(), "x".repeat(1_048_000)))).status).toBe(200);
    expect((await commit(set(fresh(), "x".repeat(1_048_577)))).body.error.status).toBe("INVALID_ARGUMENT");
  });
});

describe("transactions", () => {
  test("of two that read and write one document, the second to commit is ABORTED", async () => {
    const name = fresh();
    await written(name);
    const [one, two] = await Promise.all(
      [1, 2].map(async () => {
        const { body } = await post("batchGet", { documents: [name], newTransaction: { readWrite: {} } });
        return body[0].transaction as string;
      }),
    );
    expect((await post("commit", { writes: [set(name, "first")], transaction: one })).status).toBe(200);
    const { status, body } = await post("commit", { writes: [set(name, "second")], transaction: two });
    expect([status, body.error.status]).toEqual([409, "ABORTED"]);
    expect((await read(name)).fields).toEqual(fields("first"));
  });

  test("also where what was read was not there", async () => {
    const name = fresh();
    const { body: begun } = await post("beginTransaction", {});
    await post("batchGet", { documents: [name], transaction: begun.transaction });
    await written(name);
    const { body } = await post("commit", { writes: [set(name, "late")], transaction: begun.transaction });
    expect(body.error.status).toBe("ABORTED");
  });

  test("that ended are known no more", async () => {
    const { body: begun } = await post("beginTransaction", {});
    expect((await post("rollback", { transaction: begun.transaction })).status).toBe(200);
    const { body } = await post("commit", { writes: [], transaction: begun.transaction });
    expect(body.error.status).toBe("INVALID_ARGUMENT");
  });
});

test("a query of names is in the order of UTF-8, of one collection alone, and as long as its limit", async () => {
  const of = (id: string): string => `${documents}/ordered/${id}`;
  for (const id of ["é", "b", "\u{10ffff}", "a", "\uffee", "B"]) await written(of(id));
  await written(`${documents}/other/a`);
  await written(`${of("a")}/below/a`);
  const filter = (op: string, id: string) => ({
    fieldFilter: { field: { fieldPath: "__name__" }, op, value: { referenceValue: of(id) } },
  });
  const structuredQuery = {
    from: [{ collectionId: "ordered" }],
    where: {
      compositeFilter: {
        op: "AND",
        filters: [filter("GREATER_THAN", "B"), filter("LESS_THAN_OR_EQUAL", "\u{10ffff}")],
      },
    },
    orderBy: [{ field: { fieldPath: "__name__" }, direction: "ASCENDING" }],
    limit: 4,
  };
  const { body } = await post("runQuery", { structuredQuery });
  const ids = (body as readonly { document: { name: string } }[]).map(({ document }) =>
    document.name.split("/").at(-1),
  );
  expect(ids).toEqual(["a", "b", "é", "\uffee"]);
});

test("a token that is missing or refused is UNAUTHENTICATED", async () => {
  server.refused.add("old");
  expect((await post("commit", { writes: [] }, "old")).status).toBe(401);
  expect((await post("commit", { writes: [] })).status).toBe(200);
});

describe("Google's own client, over REST", () => {
  let firestore: Firestore;
  beforeAll(() => {
    const { hostname, port } = new URL(server.url);
    const authClient = new OAuth2Client({ credentials: { access_token: "owner" } });
    firestore = new Firestore({
      projectId: "p",
      host: `${hostname}:${port}`,
      ssl: false,
      preferRest: true,
      authClient,
    });
  });
  afterAll(() => firestore.terminate());

  test("writes, reads, and finds its conditions kept", async () => {
    const doc = firestore.collection("official").doc("one");
    const { writeTime } = await doc.create({ a: 1, bytes: Buffer.from([0, 255]) });
    const found = await doc.get();
    expect([found.get("a"), found.updateTime?.isEqual(writeTime)]).toEqual([1, true]);
    await expect(doc.create({ a: 2 })).rejects.toMatchObject({ code: 6 });
    await doc.update({ a: 2 }, { lastUpdateTime: writeTime });
    await expect(doc.update({ a: 3 }, { lastUpdateTime: writeTime })).rejects.toMatchObject({ code: 9 });
    expect((await doc.get()).get("a")).toBe(2);
  });

  test("raises a counter in ten transactions at once to ten", async () => {
    const doc = firestore.collection("official").doc("counter");
    await doc.set({ n: 0 });
    await Promise.all(
      Array.from({ length: 10 }, () =>
        firestore.runTransaction(
          async (transaction) => {
            const found = await transaction.get(doc);
            transaction.update(doc, { n: Number(found.get("n")) + 1 });
          },
          { maxAttempts: 50 },
        ),
      ),
    );
    expect((await doc.get()).get("n")).toBe(10);
  });
});
