// From the bucket to the summary, with all of it in memory.
import { type TestApp, testApp } from "faasten/testing";
import { expect, onTestFinished, test } from "vitest";
import * as functions from "../src/functions.ts";

async function start(): Promise<TestApp> {
  const app = await testApp(functions);
  onTestFinished(app.close);
  return app;
}

test("a document that is put into the bucket is summarised", async () => {
  const app = await start();
  const put = await app.fetch("/documents/poem", { method: "PUT", body: "one two\nthree\n" });
  expect(put.status).toBe(202);
  expect((await app.fetch("/summaries/poem")).status).toBe(404);
  await app.drain();
  expect(app.published(functions.received)).toMatchObject([{ data: { key: "poem", size: 14 } }]);
  expect(await (await app.fetch("/summaries/poem")).json()).toEqual({ key: "poem", words: 3, lines: 3 });
});

test("one that is gone since is dropped", async () => {
  const app = await start();
  const [outcome] = await app.deliver(functions.summarise, { key: "gone", size: 1 });
  expect(outcome).toEqual({ kind: "drop", reason: "it is gone since" });
});

test("what is no announcement of a document is dead", async () => {
  const app = await start();
  const [outcome] = await app.deliver(functions.summarise, JSON.parse('{"name":"poem"}'));
  expect(outcome).toMatchObject({ kind: "dead" });
});
