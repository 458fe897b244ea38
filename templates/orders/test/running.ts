// The whole app as each test has it: by itself, and empty.
import { type TestApp, type TestOptions, testApp } from "faasten/testing";
import { onTestFinished } from "vitest";
import * as legacy from "../src/legacy.ts";
import * as nightly from "../src/nightly.ts";
import * as overHttp from "../src/orders.ts";
import * as shipping from "../src/shipping.ts";

export async function start(options: TestOptions = {}): Promise<TestApp> {
  const app = await testApp([overHttp, shipping, nightly, legacy], {
    secrets: { "signing-key": "for tests" },
    ...options,
  });
  onTestFinished(app.close);
  return app;
}

export function place(app: TestApp, order: object, key?: string): Promise<Response> {
  const headers = key === undefined ? {} : { "idempotency-key": key };
  return app.fetch("/orders", { method: "POST", headers, body: JSON.stringify(order) });
}
