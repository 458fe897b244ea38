// The bindings of AWS, with their real clients, on servers over real sockets.
import type { AddressInfo } from "node:net";
import dynalite from "dynalite";
import { startFauxqs } from "fauxqs";
import { create as createDynamodb } from "../../providers/aws/bindings/dynamodb.ts";
import { create as createEventBridge } from "../../providers/aws/bindings/eventbridge.ts";
import { create as createS3 } from "../../providers/aws/bindings/s3.ts";
import { create as createSns } from "../../providers/aws/bindings/sns.ts";
import { create as createSqs } from "../../providers/aws/bindings/sqs.ts";
import { create as createInbox } from "../../providers/aws/inbox.ts";
import { trigger as s3Inbox } from "../../providers/aws/triggers/s3-inbox.ts";
import type { BindingHarness, BindingReceiver } from "../../src/conformance/cases.ts";
import { once } from "../../src/once.ts";
import type { Binding, BindingInput, CloudEvent, ComponentOptions, Create, Subscription } from "../../src/provider.ts";
import { startAwsJson } from "../servers/aws-json.ts";
import { type S3, startS3 } from "../servers/s3.ts";
import { createInboxes } from "./aws-inboxes.ts";
import { inputDefinitionOf } from "./receiver.ts";

type Opened = Promise<[harness: BindingHarness, close: () => Promise<void>]>;

const access = { region: "eu-west-1", accessKey: "key", secretKey: "secret", sessionToken: "session" };
const secretOf = (key: string): string | undefined => (key === access.accessKey ? access.secretKey : undefined);

/** One server for all cases, each with a bucket of its own. */
const storage = once(() => startS3({ region: access.region, secretOf }));
let buckets = 0;

/** What its inputs hear of lies in queues of theirs: the stack's rules put it there. */
export async function s3OnContract(): Opened {
  const server = await storage();
  const bucket = `conformance-${++buckets}`;
  server.createBucket(bucket);
  const options = named({ ...access, endpoint: server.url, bucket });
  const [component, second] = [await createS3(options), await createS3(options)];
  const delivery = once(() => deliveryOf(server, bucket));
  let opened = false;
  const harness: BindingHarness = {
    ...{ component, second, storage: true },
    reach: (address, init) => fetch(address, init),
    async pump(receivers) {
      opened = true;
      await (await delivery()).pump(receivers);
    },
    pause: async () => (await delivery()).inboxes.stop(),
    deadLetters: (of) => lettersOf(of),
    redrive: async (of, id) => (await delivery()).inbox.redrive(waiting(of), id),
  };
  async function* lettersOf(of: BindingInput): AsyncGenerator<CloudEvent> {
    yield* (await delivery()).inbox.deadLetters(waiting(of));
  }
  return [
    harness,
    async () => {
      if (opened) await (await delivery()).close();
      await component.close?.();
      await second.close?.();
    },
  ];
}

const waiting = (of: BindingInput): Subscription => ({ topic: "binding", ordered: false, ...of });

async function deliveryOf({ rules }: S3, bucket: string) {
  const sqs = await startFauxqs({ port: 0, host: "127.0.0.1", logger: false });
  const inboxes = createInboxes(sqs, access);
  const endpoint = `http://127.0.0.1:${sqs.port}`;
  const { sessionToken: _, ...keys } = access;
  const inbox = createInbox({ ...named({ ...keys, endpoint }), name: "inbox" });
  const queues = new Set<string>();
  const rule = (of: string, event: object): void => {
    if (of === bucket)
      for (const queue of queues) sqs.sendMessage(queue, JSON.stringify(event), { region: access.region });
  };
  rules.add(rule);
  return {
    inboxes,
    inbox,
    async pump(receivers: readonly BindingReceiver[]): Promise<void> {
      await inboxes.stop();
      const all = receivers.map((receiver) => {
        const { subscriber, attempts } = receiver.input;
        const of = { subscriber, attempts, ordered: false };
        inboxes.make(of, (queue) => queues.add(queue));
        return { ...of, served: { name: subscriber, definition: inputDefinitionOf(receiver), triggers: [s3Inbox] } };
      });
      inboxes.map(all, { components: {}, inbox: () => inbox });
    },
    async close(): Promise<void> {
      rules.delete(rule);
      await inboxes.stop();
      await inbox.close();
      await inboxes.close();
    },
  };
}

/** What is sent to and not asked again. */
export const senders: Readonly<Record<string, () => Opened>> = {
  "bindings.aws.sqs (emulator: fauxqs)": async () => {
    const server = await startFauxqs({ port: 0, host: "127.0.0.1", logger: false });
    const { queueUrl: queueName } = server.createQueue("work", { region: access.region });
    return opened(createSqs, { endpoint: `http://127.0.0.1:${server.port}`, queueName }, () => server.stop());
  },
  "bindings.aws.sns (emulator: fauxqs)": async () => {
    const server = await startFauxqs({ port: 0, host: "127.0.0.1", logger: false });
    const { topicArn } = server.createTopic("news", { region: access.region });
    return opened(createSns, { endpoint: `http://127.0.0.1:${server.port}`, topicArn }, () => server.stop());
  },
  "bindings.aws.dynamodb (emulator: dynalite)": async () => {
    const server = dynalite({ createTableMs: 0 });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return opened(
      createDynamodb,
      { endpoint, table: "items" },
      () => new Promise<void>((done) => server.close(() => done())),
    );
  },
  "bindings.aws.eventbridge (contract server)": async () => {
    const { url: endpoint, close } = await startAwsJson();
    return opened(createEventBridge, { endpoint }, close);
  },
};

async function opened(create: Create<Binding>, metadata: Record<string, string>, stop: () => Promise<unknown>): Opened {
  const component = await create(named({ ...access, ...metadata }));
  return [
    { component },
    async () => {
      await component.close?.();
      await stop();
    },
  ];
}

function named(metadata: Record<string, string>): ComponentOptions {
  return { name: "binding", service: "conformance", metadata };
}
