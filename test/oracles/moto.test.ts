// AWS's components on moto's server, for what no emulator of npm serves or serves well; for SNS and SQS it is a second opinion.
import { randomUUID } from "node:crypto";
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, describe, expect, inject, test } from "vitest";
import { create as createEventBridge } from "../../providers/aws/bindings/eventbridge.ts";
import { create as createS3 } from "../../providers/aws/bindings/s3.ts";
import { create as createSns } from "../../providers/aws/bindings/sns.ts";
import { create as createSqs } from "../../providers/aws/bindings/sqs.ts";
import { create as createConfiguration } from "../../providers/aws/configuration/parameterstore.ts";
import { create as createSnsSqs } from "../../providers/aws/pubsub/snssqs.ts";
import { create as createParameterStore } from "../../providers/aws/secretstores/parameterstore.ts";
import { create as createSecretManager } from "../../providers/aws/secretstores/secretmanager.ts";
import {
  type BindingHarness,
  bindingCases,
  type ConfigurationHarness,
  configurationCases,
  type SecretStoreHarness,
  secretStoreCases,
} from "../../src/conformance/cases.ts";
import { once } from "../../src/once.ts";
import type { CloudEvent, ComponentOptions } from "../../src/provider.ts";
import { prove } from "../conformance/prove.ts";
import { type Served, startMoto } from "./servers.ts";

const installed = inject("moto");
const access = { region: "eu-west-1", accessKey: "key", secretKey: "secret" };

let server: Served | undefined;
afterAll(() => server?.stop());
const endpointOf = once(async () => {
  server = await startMoto("folder" in installed ? installed.folder : "");
  return server.url;
});

async function config() {
  const credentials = { accessKeyId: access.accessKey, secretAccessKey: access.secretKey };
  return { endpoint: await endpointOf(), region: access.region, credentials };
}

async function named(metadata: Record<string, string>): Promise<ComponentOptions> {
  return { name: "oracle", service: "conformance", metadata: { ...access, endpoint: await endpointOf(), ...metadata } };
}

type Opened<H> = Promise<[harness: H, close: () => Promise<void>]>;

function opened<H extends { readonly component: { close?(): Promise<void> } }>(harness: H): [H, () => Promise<void>] {
  return [harness, async () => harness.component.close?.()];
}

async function secrets(multipleKeyValuesPerSecret: boolean): Opened<SecretStoreHarness> {
  const client = new SecretsManagerClient(await config());
  const prefix = "conformance-";
  const many = multipleKeyValuesPerSecret ? { multipleKeyValuesPerSecret: "true" } : {};
  const component = await createSecretManager(await named({ prefix, ...many }));
  const put = async (name: string, SecretString: string): Promise<void> => {
    const known = await client.send(new CreateSecretCommand({ Name: prefix + name, SecretString })).then(
      () => false,
      (error: unknown) => error instanceof Error && error.name === "ResourceExistsException",
    );
    if (known) await client.send(new PutSecretValueCommand({ SecretId: prefix + name, SecretString }));
  };
  const plantMany = (name: string, values: Readonly<Record<string, string>>): Promise<void> =>
    put(name, JSON.stringify(values));
  if (!multipleKeyValuesPerSecret) return opened({ component, plant: put });
  return opened({ component, plant: (name: string, value: string) => plantMany(name, { [name]: value }), plantMany });
}

async function putParameter(Name: string, Value: string, Type: "String" | "SecureString"): Promise<void> {
  await new SSMClient(await config()).send(new PutParameterCommand({ Name, Value, Type, Overwrite: true }));
}

async function parameters(): Opened<SecretStoreHarness> {
  const component = await createParameterStore(await named({ prefix: "/secrets/" }));
  return opened({
    component,
    plant: (name: string, value: string) => putParameter(`/secrets/${name}`, value, "SecureString"),
  });
}

async function settings(): Opened<ConfigurationHarness> {
  const component = await createConfiguration(await named({ prefix: "/settings/" }));
  return opened({
    component,
    plant: (key: string, value: string) => putParameter(`/settings/${key}`, value, "String"),
  });
}

async function bucket(): Opened<BindingHarness> {
  const name = `conformance-${randomUUID()}`;
  await new S3Client({ ...(await config()), forcePathStyle: true }).send(
    new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }),
  );
  const options = await named({ bucket: name, forcePathStyle: "true" });
  return opened({ component: await createS3(options), second: await createS3(options), storage: true });
}

async function queue(name: string, Attributes: Record<string, string> = {}) {
  const sqs = new SQSClient(await config());
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  const asked = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
  return {
    url: QueueUrl,
    arn: asked.Attributes?.["QueueArn"] ?? "",
    /** Until so many came. */
    async receive(count: number): Promise<Message[]> {
      const all: Message[] = [];
      while (all.length < count) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({
            ...{ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 },
            ...{ MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] },
          }),
        );
        for (const { ReceiptHandle } of Messages) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        all.push(...Messages);
      }
      return all;
    },
  };
}

/** A topic, and a queue that hears of it as the stack sets that up. */
async function topic(name: string, fifo: boolean) {
  const sns = new SNSClient(await config());
  const physical = `${name}-${randomUUID()}`;
  const [ending, kind] = fifo ? [".fifo", "true"] : ["", undefined];
  const { TopicArn = "" } = await sns.send(
    new CreateTopicCommand({ Name: physical + ending, ...(kind && { Attributes: { FifoTopic: kind } }) }),
  );
  const inbox = await queue(`${physical}-inbox${ending}`, kind ? { FifoQueue: kind } : {});
  await sns.send(
    new SubscribeCommand({
      ...{ TopicArn, Protocol: "sqs", Endpoint: inbox.arn, Attributes: { RawMessageDelivery: "true" } },
    }),
  );
  return { arn: TopicArn, physical, inbox };
}

if ("unavailable" in installed) test("AWS's components on moto", ({ skip }) => skip(installed.unavailable));
else {
  prove("secretstores", secretStoreCases, {
    "secretstores.aws.secretmanager (moto)": () => secrets(false),
    "secretstores.aws.secretmanager, several keys (moto)": () => secrets(true),
    "secretstores.aws.parameterstore (moto)": parameters,
  });
  // Parameter Store takes no empty value, and moto neither.
  const nonEmpty = configurationCases.filter(({ name }) => name !== 'a value comes back as it is: ""');
  prove("configuration", nonEmpty, { "configuration.aws.parameterstore (moto)": settings });
  // Of an object that is replaced meanwhile, moto may tell the one's metadata with the other's data; S3 replaces whole objects.
  const apart = bindingCases.filter(({ name }) => !name.startsWith("of many creates of one key at once"));
  prove("bindings", apart, { "bindings.aws.s3 (moto)": bucket });

  describe("messages and events on moto", () => {
    const event = (data: unknown): CloudEvent => ({
      ...{ specversion: "1.0" as const, id: randomUUID(), source: "/oracle", type: "tried" },
      ...{ datacontenttype: "application/json", data: { json: JSON.stringify(data) } },
    });

    test("an event that is published arrives in the inbox as it is, and so do more than a batch takes", async () => {
      const { arn, physical, inbox } = await topic("news", false);
      const component = await createSnsSqs(await named({ topicPrefix: arn.slice(0, -physical.length) }));
      const text = "日本 <&> \"'";
      const events = Array.from({ length: 13 }, (_, count) => event({ count, text }));
      const [first, ...rest] = events;
      if (first) await component.publish(physical, first);
      expect(await component.publishMany?.(physical, rest)).toEqual([]);
      const found = (await inbox.receive(13)).map(({ Body = "" }) => JSON.parse(Body) as { readonly id: string });
      const told = events.map(({ data: _, ...attributes }, count) => ({ ...attributes, data: { count, text } }));
      const byId = (one: { readonly id: string }, other: { readonly id: string }): number =>
        one.id.localeCompare(other.id);
      expect(found.sort(byId)).toMatchObject(told.sort(byId));
      await component.close?.();
    });

    test("what is in order has its key as its group, and comes in that order", async () => {
      const { arn, physical, inbox } = await topic("ordered", true);
      const component = await createSnsSqs(await named({ topicPrefix: arn.slice(0, -`${physical}.fifo`.length) }));
      const events = Array.from({ length: 5 }, (_, count) => event(count));
      for (const one of events) await component.publish(physical, one, { order: "customer 1" });
      const found: Message[] = [];
      while (found.length < events.length) found.push(...(await inbox.receive(1)));
      expect(found.map(({ Body = "" }) => (JSON.parse(Body) as { readonly data: unknown }).data)).toEqual([
        0, 1, 2, 3, 4,
      ]);
      expect(new Set(found.map(({ Attributes }) => Attributes?.MessageGroupId)).size).toBe(1);
      await component.close?.();
    });

    test("a notification and a message are the data as text, with the metadata as attributes", async () => {
      const { arn: topicArn, inbox } = await topic("notes", false);
      const work = await queue(`work-${randomUUID()}`);
      const data = { value: { json: '{"a":"ü"}' }, metadata: { colour: "green" } };
      const sns = await createSns(await named({ topicArn }));
      const sqs = await createSqs(await named({ queueName: work.url }));
      await sns.create?.(data);
      await sqs.create?.(data);
      for (const [{ Body, MessageAttributes } = {}] of [await inbox.receive(1), await work.receive(1)]) {
        expect(Body).toBe('{"a":"ü"}');
        expect(MessageAttributes?.["colour"]).toMatchObject({ DataType: "String", StringValue: "green" });
      }
    });

    test("an event on a bus reaches the target of a rule that its source and type match", async () => {
      const bus = new EventBridgeClient(await config());
      const [eventBusName, Rule] = [`bus-${randomUUID()}`, "tried"];
      const heard = await queue(`heard-${randomUUID()}`);
      await bus.send(new CreateEventBusCommand({ Name: eventBusName }));
      const EventPattern = JSON.stringify({ source: ["shop"], "detail-type": ["placed"] });
      await bus.send(new PutRuleCommand({ Name: Rule, EventBusName: eventBusName, EventPattern }));
      await bus.send(
        new PutTargetsCommand({ Rule, EventBusName: eventBusName, Targets: [{ Id: "heard", Arn: heard.arn }] }),
      );
      const component = await createEventBridge(await named({ eventBusName, source: "shop", detailType: "placed" }));
      const value = { json: '{"id":"1","text":"日本"}' };
      await component.create({ value, metadata: { detailtype: "other" } });
      const { key } = await component.create({ value });
      const [{ Body = "" } = {}] = await heard.receive(1);
      expect(JSON.parse(Body)).toMatchObject({
        ...{ id: key, source: "shop", "detail-type": "placed", detail: { id: "1", text: "日本" } },
      });
    });
  });
}
