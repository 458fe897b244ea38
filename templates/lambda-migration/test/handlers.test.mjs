// The handlers, called as they always were.
import { createRequire } from "node:module";
import { expect, test, vi } from "vitest";
import { handler as create } from "../src/create.mjs";
import { handler as worker } from "../src/worker.mjs";

const { get } = createRequire(import.meta.url)("../src/quotes.js");

vi.stubEnv("CURRENCY", "EUR");
vi.stubEnv("LIMIT", "100");
const bodyOf = ({ statusCode, body }) => [statusCode, JSON.parse(body)];

test("a quote", async () => {
  const asked = { pathParameters: { sku: "tea" }, queryStringParameters: { quantity: "2" } };
  expect(bodyOf(await get(asked))).toEqual([200, { sku: "tea", total: 900, currency: "EUR" }]);
  expect((await get({ pathParameters: { sku: "wine" } })).statusCode).toBe(404);
});

test("a new quote", async () => {
  const [status, quote] = bodyOf(await create({ body: '{"sku":"coffee"}' }, { awsRequestId: "r1" }));
  expect([status, quote]).toEqual([201, expect.objectContaining({ sku: "coffee", total: 620 })]);
  expect((await create({ body: "{}" }, {})).statusCode).toBe(422);
});

test("of a batch, what fails comes again", async () => {
  const record = (messageId, body) => ({ messageId, body: JSON.stringify(body) });
  const Records = [record("1", { sku: "tea", quantity: 1 }), record("2", { sku: "tea", quantity: 101 })];
  expect(await worker({ Records })).toEqual({ batchItemFailures: [{ itemIdentifier: "2" }] });
});
