// The state store of AWS on DynamoDB Local, which AWS itself wrote: every case, transactions among them.
import { afterAll, inject, test } from "vitest";
import { stateCases } from "../../src/conformance/cases.ts";
import { once } from "../../src/once.ts";
import { createTable, dynamodbOn } from "../conformance/aws.ts";
import { prove } from "../conformance/prove.ts";
import { type Served, startDynamodbLocal } from "./servers.ts";

const installed = inject("dynamodbLocal");

if ("unavailable" in installed) test("state.aws.dynamodb on DynamoDB Local", ({ skip }) => skip(installed.unavailable));
else {
  let server: Served | undefined;
  afterAll(() => server?.stop());
  const table = once(async () => {
    server = await startDynamodbLocal(installed.folder);
    return createTable(server.url);
  });
  prove("state", stateCases, { "state.aws.dynamodb (DynamoDB Local 3.0.0)": async () => dynamodbOn(await table()) });
}
