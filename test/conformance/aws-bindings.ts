// The bindings of AWS, with their real clients, on servers over real sockets.
import type { AddressInfo } from "node:net";
import dynalite from "dynalite";
import { startFauxqs } from "fauxqs";
import { create as createDynamodb } from "../../providers/aws/bindings/dynamodb.ts";
import { create as createEventBridge } from "../../providers/aws/bindings/eventbridge.ts";
import { create as createS3 } from "../../providers/aws/bindings/s3.ts";
import { create as createSns } from "../../providers/aws/bindings/sns.ts";
import { create as createSqs } from "../../providers/aws/bindings/sqs.ts";
import type { BindingHarness } from "../../src/conformance/cases.ts";
import { once } from "../../src/once.ts";
import type { Binding, ComponentOptions, Create } from "../../src/provider.ts";
import { startAwsJson } from "../servers/aws-json.ts";
import { startS3 } from "../servers/s3.ts";

type Opened = Promise<[harness: BindingHarness, close: () => Promise<void>]>;

const access = { region: "eu-west-1", accessKey: "key", secretKey: "secret", sessionToken: "session" };
const secretOf = (key: string): string | undefined => (key === access.accessKey ? access.secretKey : undefined);

/** One server for all cases, each with a bucket of its own. */
const storage = once(() => startS3({ region: access.region, secretOf }));
let buckets = 0;

export async function s3OnContract(): Opened {
  const server = await storage();
  const bucket = `conformance-${++buckets}`;
  server.createBucket(bucket);
  const options = named({ ...access, endpoint: server.url, bucket });
  const [component, second] = [await createS3(options), await createS3(options)];
  const harness: BindingHarness = {
    ...{ component, second, storage: true },
    reach: (address, init) => fetch(address, init),
  };
  return [
    harness,
    async () => {
      await component.close?.();
      await second.close?.();
    },
  ];
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
