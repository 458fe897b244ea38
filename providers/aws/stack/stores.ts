// What holds data: tables, topics, inboxes and their dead letters. All of it is retained.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
// https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
import type { GraphComponent, GraphFunction, StackInput, TriggerSpec } from "../../../src/provider.ts";
import { queueName, topicArn, topicName, written } from "./locations.ts";
import { attribute, type Json, logical, physical, type Resources, ref, retained } from "./template.ts";

export function tableResources(component: GraphComponent, input: StackInput): Resources {
  if (component.type !== "state.aws.dynamodb" || component.existing || written(component, "table") !== undefined)
    return {};
  const key = written(component, "partitionKey") ?? "key";
  return {
    [logical(component.name, "Table")]: {
      Type: "AWS::DynamoDB::Table",
      ...retained,
      Properties: {
        TableName: physical(input, component.name, "", 255),
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: key, AttributeType: "S" }],
        KeySchema: [{ AttributeName: key, KeyType: "HASH" }],
        TimeToLiveSpecification: {
          AttributeName: written(component, "ttlAttributeName") ?? "expiresAt",
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
  if (component.type !== "pubsub.aws.snssqs" || component.existing || written(component, "topicPrefix") !== undefined)
    return {};
  const topics = new Map<string, boolean>();
  for (const { component: name, right, resource = "", ordered } of input.graph.grants)
    if (name === component.name && right === "publish") topics.set(resource, ordered === true);
  for (const { on } of input.graph.functions)
    if (on.kind === "topic" && on.pubsub === component.name) topics.set(on.topic, on.ordered);
  return Object.fromEntries(
    [...topics].map(([topic, ordered]) => [
      logical(`${component.name}-${topic}`, "Topic"),
      {
        Type: "AWS::SNS::Topic",
        ...retained,
        Properties: {
          TopicName: topicName(topic, ordered, input),
          KmsMasterKeyId: "alias/aws/sns",
          ...(ordered && { FifoTopic: true, ContentBasedDeduplication: false, FifoThroughputScope: "MessageGroup" }),
        },
      },
    ]),
  );
}

type TopicSpec = Extract<TriggerSpec, { readonly kind: "topic" }>;

/** A subscriber's queue between the topic and the function, and the queue of its dead letters. */
export function inboxResources(one: GraphFunction, input: StackInput): Resources {
  const { name, on } = one;
  if (on.kind !== "topic") return {};
  const broker = input.graph.components.find((component) => component.name === on.pubsub);
  if (broker?.type !== "pubsub.aws.snssqs") return {};
  const [inbox, dead] = [logical(name, "Inbox"), logical(name, "InboxDead")];
  const topic = topicArn(broker, on.topic, on.ordered, input);
  return {
    [dead]: deadQueue(queueName(name, { dead: true, ordered: on.ordered }, input), on.ordered),
    [inbox]: {
      Type: "AWS::SQS::Queue",
      ...retained,
      Properties: {
        QueueName: queueName(name, { dead: false, ordered: on.ordered }, input),
        // Lambda asks for six times the function's own: a batch may be tried again while it is throttled.
        VisibilityTimeout: (one.section?.timeout ?? input.timeout) * 6,
        MessageRetentionPeriod: fourteenDays,
        SqsManagedSseEnabled: true,
        RedrivePolicy: { deadLetterTargetArn: attribute(dead, "Arn"), maxReceiveCount: on.attempts },
        ...(on.ordered && fifo),
      },
    },
    [logical(name, "InboxPolicy")]: queuePolicy(inbox, topic),
    [logical(name, "Subscription")]: {
      Type: "AWS::SNS::Subscription",
      DependsOn: [logical(name, "InboxPolicy")],
      Properties: { Protocol: "sqs", TopicArn: topic, Endpoint: attribute(inbox, "Arn"), RawMessageDelivery: true },
    },
    [logical(name, "Mapping")]: mapping(one, on),
  };
}

const fourteenDays = 14 * 24 * 60 * 60;
const fifo = { FifoQueue: true, DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" } as const;

export function deadQueue(name: string, ordered: boolean): Resources[string] {
  return {
    Type: "AWS::SQS::Queue",
    ...retained,
    Properties: {
      QueueName: name,
      MessageRetentionPeriod: fourteenDays,
      SqsManagedSseEnabled: true,
      ...(ordered && fifo),
    },
  };
}

/** The topic alone may send. */
function queuePolicy(queue: string, topic: Json): Resources[string] {
  return {
    Type: "AWS::SQS::QueuePolicy",
    Properties: {
      Queues: [ref(queue)],
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "sns.amazonaws.com" },
            Action: "sqs:SendMessage",
            Resource: attribute(queue, "Arn"),
            Condition: { ArnEquals: { "aws:SourceArn": topic } },
          },
        ],
      },
    },
  };
}

function mapping({ name, section }: GraphFunction, on: TopicSpec): Resources[string] {
  const own = section?.event["sqs"];
  const { batchSize, maximumBatchingWindow, functionResponseType, filterPatterns } = Object(own);
  // Of a batch that a Lambda handler takes, Lambda reads failures only if told so.
  const partial = own === undefined || functionResponseType !== undefined;
  return {
    Type: "AWS::Lambda::EventSourceMapping",
    DependsOn: [logical(name, "Role")],
    Properties: {
      FunctionName: ref(logical(name, "Function")),
      EventSourceArn: attribute(logical(name, "Inbox"), "Arn"),
      BatchSize: batchSize ?? (on.many || !on.ordered ? 10 : 1),
      ...(maximumBatchingWindow !== undefined && { MaximumBatchingWindowInSeconds: maximumBatchingWindow }),
      ...(partial && { FunctionResponseTypes: ["ReportBatchItemFailures"] }),
      ...(Array.isArray(filterPatterns) && {
        FilterCriteria: { Filters: filterPatterns.map((pattern) => ({ Pattern: JSON.stringify(pattern) })) },
      }),
      Enabled: true,
    },
  };
}
