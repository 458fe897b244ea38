// Lambda handlers of other people's libraries, and plain ones in every style: what each answers through the bridge is, field by
// field, what it answers directly in Lambda's own runtime client. The table of all is printed at the end.
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { EventArrival } from "../../src/contracts/trigger.ts";
import { lambda, topic } from "../../src/index.ts";
import { calling } from "../src/functions/calling.ts";
import { comparable, type HostReply } from "./behaviours.ts";
import { type Difference, type Host, type HttpCase, hosts, httpCases, messageCases } from "./handler-cases.ts";
import { type Bridged, type Direct, type Env, type Settled, seenIn, start, startDirect } from "./handler-hosts.ts";

const database = dynalite({ createTableMs: 0 });
const running = new Map<Host, Bridged>();
let direct: Direct;

beforeAll(async () => {
  await new Promise<void>((resolve) => database.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(database.address() as AddressInfo).port}`;
  direct = startDirect(await tableOf("direct", endpoint));
  for (const host of hosts) running.set(host, await start[host](await tableOf(host, endpoint)));
});

afterAll(async () => {
  direct?.stop();
  await Promise.all([...running.values()].map((host) => host.stop()));
  database.close();
  console.log(printed());
});

describe("requests", () => {
  for (const one of httpCases) {
    test(one.name, async () => {
      const replies = await direct.answer(one);
      expect(replies.map((reply) => (reply === undefined ? "fails" : "answers"))).toEqual(
        one.exchanges.map(() => (one.fails ? "fails" : "answers")),
      );
      await compare(one.name, direct.note(one.handler), one.differs, async (host) => {
        const got: unknown[] = [];
        const wanted: unknown[] = [];
        for (const [at, { request }] of one.exchanges.entries()) {
          const reply = await bridged(host).send(request);
          got.push(toFields(reply));
          wanted.push(toFields(wantedOf(one, host, replies[at], reply)));
        }
        return { got, wanted };
      });
    });
  }
});

describe("messages", () => {
  for (const one of messageCases) {
    const through = (host: Bridged): Promise<Settled> => host.settle(one);
    test(one.name, () => settles(one.name, direct.settle(one), through));
  }

  const name = "plain: a planned run, scheduled";
  test(name, () => settles(name, direct.fire("messages.nightly"), (host) => host.fire("nightly")));

  async function settles(
    name: string,
    directly: Promise<Settled>,
    through: (host: Bridged) => Promise<Settled>,
  ): Promise<void> {
    const wanted = await directly;
    await compare(name, undefined, undefined, async (host) => ({ got: await through(bridged(host)), wanted }));
  }
});

/** No host off AWS has batches: Azure's and Google's hand over one message at a time, and so does the local inbox. */
describe("several messages in one call, by the bridge alone", () => {
  for (const one of messageCases.filter(({ messages, events }) => messages.length > 1 && events.length === 1)) {
    test(one.name, async () => {
      const [file, name] = one.handler.split(".");
      const { [name ?? ""]: handler } = await import(`./handlers/${file}.mjs`);
      const print = vi.spyOn(console, "log").mockImplementation(() => {});
      const arrivals = one.messages.map(({ id, data }): EventArrival => {
        const event = {
          specversion: "1.0",
          id,
          source: "shop",
          type: "t",
          data: { json: JSON.stringify(data) },
        } as const;
        return { kind: "event", attempt: 1, event };
      });
      const on = topic(one.function, { raw: true });
      const outcomes = await calling(lambda(handler, { on, event: "sqs" })).deliver(...arrivals);
      const lines = print.mock.calls.map(([line]) => String(line));
      print.mockRestore();
      const done = Object.fromEntries(one.messages.map(({ id }, index) => [id, outcomes[index]?.kind === "done"]));
      expect({ done, seen: seenIn(lines) }).toEqual(await direct.settle(one));
    });
  }
});

interface Compared {
  readonly got: unknown;
  readonly wanted: unknown;
}

/** A row of the table. */
async function compare(
  name: string,
  note: string | undefined,
  differs: Difference | undefined,
  run: (host: Host) => Promise<Compared>,
): Promise<void> {
  const cells: Partial<Record<Host, string>> = {};
  rows.push({ name: note === undefined ? name : `${name} (direct: ${note})`, cells });
  const others: Partial<Record<Host, Compared>> = {};
  for (const host of hosts) {
    cells[host] = "failed";
    const compared = await run(host);
    const same = isDeepStrictEqual(compared.got, compared.wanted);
    cells[host] = same ? (differs && concerns(differs, host) ? markOf(differs) : "equal") : "DIFFERS";
    if (!same) others[host] = compared;
  }
  expect(others).toEqual({});
}

/** What AWS would answer for a function that fails is not what a host does. */
function wantedOf({ differs }: HttpCase, host: Host, reply: HostReply | undefined, got: HostReply): HostReply {
  if (reply === undefined) return failed;
  return differs && concerns(differs, host) ? differs.reply(reply, got) : reply;
}

const failed: HostReply = {
  status: 500,
  headers: { "content-type": "application/problem+json" },
  cookies: [],
  body: Buffer.from("{}"),
};

/** Texts as texts, and of a problem no more than that it is one. */
function toFields(reply: HostReply): unknown {
  const problem = reply.headers["content-type"] === "application/problem+json";
  const body = Buffer.from(reply.body);
  const text = body.equals(Buffer.from(`${body}`)) ? `${body}` : body.toString("base64");
  return Object.assign(Object(comparable(problem ? { ...reply, body: failed.body } : reply)), {
    body: problem || text,
  });
}

function concerns({ hosts: some = hosts }: Difference, host: Host): boolean {
  return some.includes(host);
}

function bridged(host: Host): Bridged {
  const found = running.get(host);
  if (!found) throw new Error(`${host} did not start`);
  return found;
}

const rows: { readonly name: string; readonly cells: Partial<Record<Host, string>> }[] = [];
const reasons: string[] = [];

function markOf({ why }: Difference): string {
  if (!reasons.includes(why)) reasons.push(why);
  return `see ${reasons.indexOf(why) + 1}`;
}

function printed(): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const line = (name: string, cells: readonly string[]): string =>
    [name.padEnd(width), ...cells.map((cell) => cell.padEnd(7))].join("  ").trimEnd();
  return [
    line("handler, event", hosts),
    ...rows.map(({ name, cells }) =>
      line(
        name,
        hosts.map((host) => cells[host] ?? "not run"),
      ),
    ),
    "equal: status, headers, cookies and body are those of the handler alone in aws-lambda-ric 4, as AWS sends them on, but for",
    "what the connection sets: connection, content-length, date, keep-alive, transfer-encoding; of messages: which are done, and what it printed",
    ...reasons.map((why, at) => `${at + 1}: ${why}`),
  ].join("\n");
}

/** Each has a table of its own for what Powertools keeps. */
async function tableOf(name: string, endpoint: string): Promise<Env> {
  const [accessKeyId, secretAccessKey, region] = ["key", "secret", "eu-west-1"];
  const client = new DynamoDBClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  await client.send(
    new CreateTableCommand({
      TableName: `idempotency-${name}`,
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  client.destroy();
  return {
    IDEMPOTENCY_TABLE: `idempotency-${name}`,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: region,
  };
}
