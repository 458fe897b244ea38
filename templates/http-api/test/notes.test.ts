// The app through its function, with a store of its own in memory.
import { type TestApp, testApp } from "faasten/testing";
import { expect, onTestFinished, test } from "vitest";
import * as functions from "../src/functions.ts";

async function start(): Promise<TestApp> {
  const app = await testApp(functions);
  onTestFinished(app.close);
  return app;
}

const put = (app: TestApp, id: string, body: unknown): Promise<Response> =>
  app.fetch(`/notes/${id}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

test("a note is kept, given back and removed", async () => {
  const app = await start();
  const kept = await put(app, "n1", { title: "Milk" });
  expect([kept.status, await kept.json()]).toEqual([200, { title: "Milk", text: "" }]);
  const found = await app.fetch("/notes/n1");
  expect([found.status, await found.json()]).toEqual([200, { title: "Milk", text: "" }]);
  expect(found.headers.get("etag")).toBe(kept.headers.get("etag"));
  expect((await app.fetch("/notes/n1", { method: "DELETE" })).status).toBe(204);
  expect((await app.fetch("/notes/n1")).status).toBe(404);
});

test("what does not fit is refused, and says why", async () => {
  const app = await start();
  const refused = await put(app, "n2", { title: "" });
  expect(refused.status).toBe(422);
  expect(await refused.json()).toMatchObject({ issues: [{ path: "title" }] });
  expect(await app.open(functions.notes.read).get("n2")).toBeUndefined();
});

test("says that it is well", async () => {
  const app = await start();
  expect(await (await app.fetch("/health")).json()).toEqual({ ok: true });
});
