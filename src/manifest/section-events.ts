// The entries of a function's `events`, each by its kind, and those that only AWS has.
import type { AwsEvent } from "../contracts/lambda.ts";
import { readEventBridge, readSchedule } from "./clock-events.ts";
import { readAlb, readHttp, readHttpApi, readUrl } from "./http-events.ts";
import type { Manifest } from "./manifest.ts";
import type { MapNode, Node } from "./nodes.ts";
import { readS3 } from "./object-events.ts";
import { type Place, quoted, suggest } from "./problems.ts";
import { readSns, readSqs } from "./queue-events.ts";
import { onAws, plain, type ReadEvent, refuse, type SectionReader } from "./section-reader.ts";
import { asList, asMap } from "./shape.ts";
import { at } from "./variables.ts";

/** One event, and where it is written. */
export interface PlacedEvent extends ReadEvent, Place {
  /** As it is written, for the target that has it all. */
  readonly settings: unknown;
}

export function readEvents(
  reader: SectionReader,
  map: MapNode,
  name: string,
  manifest: Manifest,
): readonly PlacedEvent[] {
  const found: PlacedEvent[] = [];
  const list = at(map, "events", reader);
  for (const item of list ? (asList(list, reader.problems)?.items ?? []) : []) {
    found.push(...readEvent(reader, item, manifest));
  }
  const url = map.entries.get("url");
  if (url) found.push(...placed(reader, url, readUrl(reader, url, name)));
  const some = (list?.kind === "list" && list.items.length > 0) || url;
  if (!some && onAws(reader, map, `${quoted(map.path)} has no events: only AWS calls a function by its name.`)) {
    found.push(...placed(reader, map, [alone("invoke", "invoke")]));
  }
  return found;
}

function readEvent(reader: SectionReader, item: Node, manifest: Manifest): readonly PlacedEvent[] {
  const node = reader.resolve(item);
  const [kind, written] =
    node?.kind === "scalar" ? [node.text, node] : ([...(asMap(node, reader.problems)?.entries ?? [])][0] ?? []);
  const value = written && reader.resolve(written);
  if (kind === undefined || !value) return [];
  return placed(reader, value, readKind(reader, kind, value, manifest));
}

function readKind(reader: SectionReader, kind: string, value: Node, { provider }: Manifest): readonly ReadEvent[] {
  switch (kind) {
    case "httpApi":
      return readHttpApi(reader, value, provider.httpApi);
    case "http":
      return readHttp(reader, value);
    case "alb":
      return readAlb(reader, value);
    case "sqs":
      return readSqs(reader, value);
    case "sns":
      return readSns(reader, value);
    case "s3":
      return readS3(reader, value);
    case "schedule":
      return readSchedule(reader, value);
    case "eventBridge":
      return readEventBridge(reader, value);
  }
  const own = Object.hasOwn(awsEvents, kind) ? awsEvents[kind] : undefined;
  if (own) {
    const sentence = `${quoted(value.path)}: ${own.why}, and no other target has them.`;
    const kinesis = kind === "stream" && JSON.stringify(plain(reader, value)).includes("kinesis");
    return onAws(reader, value, sentence) ? [alone(kind, kinesis ? "kinesis" : own.event)] : [];
  }
  const known = ["httpApi", "http", "alb", "sqs", "sns", "s3", "schedule", "eventBridge", ...Object.keys(awsEvents)];
  const mend =
    kind === "url"
      ? " A Function URL is a key of the function itself: `url: true` beside `handler`."
      : suggest(kind, known);
  refuse(reader, value, `There is no event ${quoted(kind)}.${mend}`, "INVALID");
  return [];
}

interface AwsOwn {
  readonly event: AwsEvent | "eventbridge";
  readonly why: string;
}

const cognito: AwsOwn = { event: "cognito", why: "a user pool of Cognito calls it while somebody signs in" };
const kafka: AwsOwn = { event: "kafka", why: "AWS polls Kafka for its functions" };

const awsEvents: Readonly<Record<string, AwsOwn>> = {
  stream: { event: "dynamodb", why: "records of a DynamoDB or Kinesis stream are AWS's" },
  websocket: { event: "websocket", why: "API Gateway keeps the connections of its web sockets" },
  cognitoUserPool: cognito,
  msk: kafka,
  kafka,
  activemq: { event: "mq", why: "AWS polls Amazon MQ for its functions" },
  rabbitmq: { event: "mq", why: "AWS polls Amazon MQ for its functions" },
  iot: { event: "iot", why: "rules of AWS IoT call it" },
  iotFleetProvisioning: { event: "iot", why: "AWS IoT calls it while a device registers" },
  alexaSkill: { event: "alexa", why: "Alexa calls its skills on AWS" },
  alexaSmartHome: { event: "alexa", why: "Alexa calls its skills on AWS" },
  cloudFront: { event: "cloudfront", why: "Lambda@Edge runs inside of CloudFront" },
  cloudwatchEvent: { event: "eventbridge", why: "these are events of AWS's own services: use `eventBridge`" },
  cloudwatchLog: { event: "logs", why: "CloudWatch hands over its own logs" },
};

function alone(kind: string, event: AwsOwn["event"]): ReadEvent {
  return { kind, event, on: { kind: "native", provider: "aws", event } };
}

function placed(reader: SectionReader, node: Node, events: readonly ReadEvent[]): readonly PlacedEvent[] {
  const { file, line, column } = node;
  return events.map((event) => ({ ...event, file, line, column, settings: plain(reader, node) }));
}
