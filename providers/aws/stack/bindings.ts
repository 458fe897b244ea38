// What bindings stand for: buckets, queues and topics that are made, buses that are there, and who is called by what comes to them.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
import {
  FaastenError,
  type GraphComponent,
  type GraphFunction,
  type StackInput,
  written,
} from "../../../src/provider.ts";
import { bindingArn, bindingValue, bucketName, isMade, type QueuePlace, queueName, queuePlace } from "./locations.ts";
import { keptBucket, regionIn, ruleInto } from "./pushes.ts";
import { deadQueue, inboxQueues, queueMapping, queuePolicy, snsIntoInbox } from "./stores.ts";
import {
  attribute,
  type Json,
  join,
  logical,
  physical,
  type Resources,
  ref,
  retained,
  retainedOnceMade,
} from "./template.ts";

export function bindingResources(component: GraphComponent, input: StackInput): Resources {
  switch (component.type) {
    case "bindings.aws.s3":
      return isMade(component, "bucket", input) ? bucket(component, input) : {};
    case "bindings.aws.sqs":
      return isMade(component, "queueName", input) ? queue(component, input) : {};
    case "bindings.aws.sns":
      return isMade(component, "topicArn", input) ? topic(component, input) : {};
  }
  return {};
}

/** Of a function that a binding triggers: its inbox, and who fills it. A queue is the inbox itself. */
export function inputResources(one: GraphFunction, input: StackInput): Resources {
  const source = inputOf(one, input);
  if (!source) return {};
  const { name } = one;
  const { component, attempts } = source;
  if (component.type === "bindings.aws.sqs")
    return { [logical(name, "Mapping")]: queueMapping(name, bindingArn(component, input), 10) };
  const queues = inboxQueues(one, { attempts, ordered: false, batch: 10 }, input);
  const where = bindingValue(component, input);
  // What is not raw says of which topic it is, and by its policy nobody else sends there.
  if (component.type === "bindings.aws.sns") return { ...queues, ...snsIntoInbox(name, where, regionIn(where)) };
  const [inbox, dead, rule] = [logical(name, "Inbox"), logical(name, "InboxDead"), logical(name, "Rule")];
  const settings =
    component.type === "bindings.aws.s3"
      ? { pattern: { source: ["aws.s3"], "detail-type": changes, detail: { bucket: { name: [where] } } } }
      : { eventBus: where, pattern: patternOf(component, one, input) };
  const [from, service] = [attribute(rule, "Arn"), "events.amazonaws.com"];
  return {
    ...queues,
    [rule]: ruleInto(
      { id: "inbox", arn: attribute(inbox, "Arn") },
      // What the rule itself cannot hand over, after a day.
      { ...settings, deadLetterQueueArn: attribute(dead, "Arn") },
    ),
    [logical(name, "InboxPolicy")]: queuePolicy(inbox, service, from),
    [logical(name, "InboxDeadPolicy")]: queuePolicy(dead, service, from),
  };
}

/** What a function takes from, and where its dead letters go. `undefined`: nothing waits for it. */
export function inboxOf(one: GraphFunction, input: StackInput): QueuePlace | undefined {
  const source = inputOf(one, input);
  // Of a queue that is there already the dead letters are beside it, if it has any.
  if (source?.component.type === "bindings.aws.sqs") return queuePlace(source.component, input);
  if (!source && one.on.kind !== "topic") return undefined;
  const own = logical(one.name, "Inbox");
  return { arn: attribute(own, "Arn"), dead: attribute(logical(one.name, "InboxDead"), "Arn"), url: ref(own) };
}

interface Input {
  readonly component: GraphComponent;
  readonly attempts: number;
}

function inputOf({ on }: GraphFunction, { graph }: StackInput): Input | undefined {
  if (on.kind !== "binding") return undefined;
  const component = graph.components.find(({ name }) => name === on.binding);
  return component?.type.startsWith("bindings.aws.") ? { component, attempts: on.attempts } : undefined;
}

/** A function that would hear of a part alone. */
export function checkInput(one: GraphFunction, input: StackInput): void {
  const source = inputOf(one, input);
  if (source?.component.type !== "bindings.aws.sqs") return;
  const { name } = source.component;
  const [first] = input.graph.functions.filter(({ on }) => on.kind === "binding" && on.binding === name);
  if (first === undefined || first.name === one.name) return;
  const message = `${one.name} (${one.file}:${one.line}): ${first.name} takes from the queue ${name} as well, and each message reaches but one of them: use a topic`;
  throw new FaastenError("MISCONFIGURED", message);
}

const changes: Json = ["Object Created", "Object Deleted"];

/** Which of a bus's events: nobody wants them all. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html */
function patternOf(component: GraphComponent, { name, file, line }: GraphFunction, input: StackInput): Json {
  const text = written(component, "pattern", input);
  try {
    const pattern: unknown = JSON.parse(text ?? "");
    if (typeof pattern === "object" && pattern !== null && !Array.isArray(pattern)) return pattern as Json;
  } catch {
    // Told below.
  }
  const message = `${name} (${file}:${line}) takes events of ${component.name}, whose \`pattern\` has to say which, as JSON: {"source": ["aws.ec2"]}`;
  throw new FaastenError("MISCONFIGURED", message);
}

function bucket(component: GraphComponent, input: StackInput): Resources {
  const heard = input.graph.functions.some(({ on }) => on.kind === "binding" && on.binding === component.name);
  const own = logical(component.name, "Bucket");
  const arn = attribute(own, "Arn");
  return {
    [own]: {
      Type: "AWS::S3::Bucket",
      ...retained,
      Properties: {
        BucketName: bucketName(component, input),
        ...keptBucket,
        LifecycleConfiguration: {
          Rules: [{ Id: "abandoned", Status: "Enabled", AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }],
        },
        ...(heard && { NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } } }),
      },
    },
    [logical(component.name, "BucketPolicy")]: {
      Type: "AWS::S3::BucketPolicy",
      Properties: {
        Bucket: ref(own),
        PolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Deny",
              Principal: "*",
              Action: "s3:*",
              Resource: [arn, join(arn, "/*")],
              Condition: { Bool: { "aws:SecureTransport": "false" } },
            },
          ],
        },
      },
    },
  };
}

/** With an input it has dead letters beside it. */
function queue(component: GraphComponent, input: StackInput): Resources {
  const taker = input.graph.functions.find(({ on }) => on.kind === "binding" && on.binding === component.name);
  const dead = logical(component.name, "QueueDead");
  const attempts = taker?.on.kind === "binding" ? taker.on.attempts : undefined;
  return {
    ...(attempts !== undefined && {
      [dead]: deadQueue(queueName(component.name, { dead: true, ordered: false }, input), false),
    }),
    [logical(component.name, "Queue")]: {
      Type: "AWS::SQS::Queue",
      ...retainedOnceMade,
      Properties: {
        QueueName: queueName(component.name, { dead: false, ordered: false }, input),
        VisibilityTimeout: (taker?.section?.timeout ?? input.timeout) * 6,
        MessageRetentionPeriod: 14 * 24 * 60 * 60,
        SqsManagedSseEnabled: true,
        ...(attempts !== undefined && {
          RedrivePolicy: { deadLetterTargetArn: attribute(dead, "Arn"), maxReceiveCount: attempts },
        }),
      },
    },
  };
}

function topic(component: GraphComponent, input: StackInput): Resources {
  return {
    [logical(component.name, "NotificationTopic")]: {
      Type: "AWS::SNS::Topic",
      ...retainedOnceMade,
      Properties: { TopicName: physical(input, component.name, "", 256), KmsMasterKeyId: "alias/aws/sns" },
    },
  };
}
