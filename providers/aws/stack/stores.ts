// What holds data: tables, topics, inboxes and their dead letters. All of it is retained.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
// https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
import {
  FaastenError,
  type GraphComponent,
  type GraphFunction,
  type StackInput,
  written,
} from "../../../src/provider.ts";
import { isMade, queueName, tableName, topicArn, topicName } from "./locations.ts";
import { attribute, type Json, logical, type Resources, ref, retained, retainedOnceMade } from "./template.ts";

export function tableResources(component: GraphComponent, input: StackInput): Resources {
  if (component.type !== "state.aws.dynamodb" || !isMade(component, "table", input)) return {};
  const key = written(component, "partitionKey", input) ?? "key";
  return {
    [logical(component.name, "Table")]: {
      Type: "AWS::DynamoDB::Table",
      ...retained,
      Properties: {
        TableName: tableName(component, input),
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: key, AttributeType: "S" }],
        KeySchema: [{ AttributeName: key, KeyType: "HASH" }],
        TimeToLiveSpecification: {
          AttributeName: written(component, "ttlAttributeName", input) ?? "expiresAt",
          Enabled: true,
        },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true },
      },
    },
  };
}

/** Each topic that is published to or subscribed to, once. */
export function topicResources(component: GraphComponent, input: StackInput): Resources {
  if (component.type !== "pubsub.aws.snssqs" || !isMade(component, "topicPrefix", input)) return {};
  const topics = new Map<string, boolean>();
  const add = (topic: string, ordered: boolean): void => {
    if (topics.has(topic) && topics.get(topic) !== ordered) {
      const message = `the topic ${topic} is declared with \`orderBy\` and without it: it is in order for all, or for nobody`;
      throw new FaastenError("MISCONFIGURED", message);
    }
    topics.set(topic, ordered);
  };
  for (const { component: name, right, resource = "", ordered } of input.graph.grants)
    if (name === component.name && right === "publish") add(resource, ordered === true);
  for (const { on } of input.graph.functions)
    if (on.kind === "topic" && on.pubsub === component.name) add(on.topic, on.ordered);
  return Object.fromEntries(
    [...topics].map(([topic, ordered]) => [
      logical(`${component.name}-${topic}`, "Topic"),
      {
        Type: "AWS::SNS::Topic",
        ...retainedOnceMade,
        Properties: {
          TopicName: topicName(topic, ordered, input),
          KmsMasterKeyId: "alias/aws/sns",
          ...(ordered && { FifoTopic: true, ContentBasedDeduplication: false, FifoThroughputScope: "MessageGroup" }),
        },
      },
    ]),
  );
}

/** A subscriber's inbox, and the topic's subscription. A broker in memory sends it nothing: then whoever may does. */
export function inboxResources(one: GraphFunction, input: StackInput): Resources {
  const { name, on } = one;
  if (on.kind !== "topic") return {};
  const broker = input.graph.components.find((component) => component.name === on.pubsub);
  const topic = broker?.type === "pubsub.aws.snssqs" ? topicArn(broker, on.topic, on.ordered, input) : undefined;
  return {
    ...inboxQueues(one, { ...on, batch: on.many || !on.ordered ? 10 : 1 }, input),
    ...(topic !== undefined && snsIntoInbox(name, topic, { RawMessageDelivery: true })),
  };
}

interface InboxSettings {
  readonly attempts: number;
  readonly ordered: boolean;
  readonly batch: number;
}

/** A function's queue, that of its dead letters, and who takes from it. */
export function inboxQueues(
  { name, section }: GraphFunction,
  { attempts, ordered, batch }: InboxSettings,
  input: StackInput,
): Resources {
  const [inbox, dead] = [logical(name, "Inbox"), logical(name, "InboxDead")];
  return {
    [dead]: deadQueue(queueName(name, { dead: true, ordered }, input), ordered),
    [inbox]: {
      Type: "AWS::SQS::Queue",
      ...retainedOnceMade,
      Properties: {
        QueueName: queueName(name, { dead: false, ordered }, input),
        // Lambda asks for six times the function's own: a batch may be tried again while it is throttled.
        VisibilityTimeout: (section?.timeout ?? input.timeout) * 6,
        MessageRetentionPeriod: fourteenDays,
        SqsManagedSseEnabled: true,
        RedrivePolicy: { deadLetterTargetArn: attribute(dead, "Arn"), maxReceiveCount: attempts },
        ...(ordered && fifo),
      },
    },
    [logical(name, "Mapping")]: queueMapping(name, attribute(inbox, "Arn"), batch),
  };
}

/** That topic alone may send to it. */
export function snsIntoInbox(name: string, topic: Json, more: Readonly<Record<string, Json>>): Resources {
  return {
    [logical(name, "InboxPolicy")]: queuePolicy(logical(name, "Inbox"), "sns.amazonaws.com", topic),
    [logical(name, "Subscription")]: {
      Type: "AWS::SNS::Subscription",
      DependsOn: [logical(name, "InboxPolicy")],
      Properties: { Protocol: "sqs", TopicArn: topic, Endpoint: attribute(logical(name, "Inbox"), "Arn"), ...more },
    },
  };
}

const fourteenDays = 14 * 24 * 60 * 60;
const fifo = { FifoQueue: true, DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" } as const;

export function deadQueue(name: string, ordered: boolean): Resources[string] {
  return {
    Type: "AWS::SQS::Queue",
    ...retainedOnceMade,
    Properties: {
      QueueName: name,
      MessageRetentionPeriod: fourteenDays,
      SqsManagedSseEnabled: true,
      ...(ordered && fifo),
    },
  };
}

/** That service alone may send, for that one source. */
export function queuePolicy(queue: string, Service: string, source: Json): Resources[string] {
  return {
    Type: "AWS::SQS::QueuePolicy",
    Properties: {
      Queues: [ref(queue)],
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service },
            Action: "sqs:SendMessage",
            Resource: attribute(queue, "Arn"),
            Condition: { ArnEquals: { "aws:SourceArn": source } },
          },
        ],
      },
    },
  };
}

/** Of a batch what was not done alone comes again. */
export function queueMapping(name: string, queue: Json, batch: number): Resources[string] {
  return {
    Type: "AWS::Lambda::EventSourceMapping",
    DependsOn: [logical(name, "Role")],
    Properties: {
      FunctionName: ref(logical(name, "Function")),
      EventSourceArn: queue,
      BatchSize: batch,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      Enabled: true,
    },
  };
}
