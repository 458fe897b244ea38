// `sqs` and `sns` events.
import type { EventPattern } from "../functions/event-pattern.ts";
import { isFifo } from "../runtime/order.ts";
import { readAwsName } from "./aws-name.ts";
import { type MapNode, type Node, toIntrinsic } from "./nodes.ts";
import { readPattern } from "./pattern-check.ts";
import { quoted } from "./problems.ts";
import {
  checkSettings,
  type EventFilter,
  isEnabled,
  onAws,
  plain,
  type ReadEvent,
  refuse,
  type SectionReader,
  type Settings,
} from "./section-reader.ts";
import { asList } from "./shape.ts";

/** https://www.serverless.com/framework/docs/providers/aws/events/sqs */
export function readSqs(reader: SectionReader, node: Node): readonly ReadEvent[] {
  const map = settingsIn(node);
  if (map && (!checkSettings(reader, map, sqsSettings) || !isEnabled(reader, map))) return [];
  const written = map ? map.entries.get("arn") : node;
  if (!written) {
    refuse(reader, node, `${quoted(node.path)} has no \`arn\`.`, "MISCONFIGURED");
    return [];
  }
  const name = readAwsName(reader, written, "queue");
  if (name === undefined || (map && !isBatch(reader, map))) return [];
  const patterns = map?.entries.get("filterPatterns");
  const filter = patterns && readBodyPatterns(reader, patterns);
  if (patterns && !filter) return [];
  return [{ kind: "sqs", event: "sqs", on: toTopic(name), ...(filter && { filter }) }];
}

const sqsSettings: Settings = {
  known: ["arn", "batchSize", "enabled", "functionResponseType", "maximumBatchingWindow", "filterPatterns"],
  alone: { maximumConcurrency: "only AWS limits how many of one queue run at a time" },
};

/** Batches here are smaller than asked for, and come at once: both are upper bounds. */
function isBatch(reader: SectionReader, map: MapNode): boolean {
  const limits = { batchSize: [1, 10_000], maximumBatchingWindow: [0, 300] } as const;
  let right = true;
  for (const [key, [least, most]] of Object.entries(limits)) {
    const node = map.entries.get(key);
    const value = node && plain(reader, node);
    if (!node || value === null || (Number(value) >= least && Number(value) <= most)) continue;
    refuse(reader, node, `${quoted(node.path)} is a number from ${least} to ${most}.`, "INVALID");
    right = false;
  }
  const type = map.entries.get("functionResponseType");
  if (!type || plain(reader, type) === "ReportBatchItemFailures") return right;
  refuse(reader, type, `${quoted(type.path)} can only be \`ReportBatchItemFailures\`.`, "INVALID");
  return false;
}

function readBodyPatterns(reader: SectionReader, node: Node): EventFilter | undefined {
  const list = asList(reader.resolve(node), reader.problems);
  const patterns = list?.items.map((item) => readPattern(reader, item, ["body"])) ?? [undefined];
  const whole = patterns.filter((pattern) => pattern !== undefined);
  return whole.length === patterns.length ? { kind: "body", patterns: whole } : undefined;
}

/** https://www.serverless.com/framework/docs/providers/aws/events/sns */
export function readSns(reader: SectionReader, node: Node): readonly ReadEvent[] {
  const map = settingsIn(node);
  if (map && !checkSettings(reader, map, snsSettings)) return [];
  const written = map ? (map.entries.get("arn") ?? map.entries.get("topicName")) : node;
  if (!written) {
    refuse(reader, node, `${quoted(node.path)} has neither \`arn\` nor \`topicName\`.`, "MISCONFIGURED");
    return [];
  }
  const name = readAwsName(reader, written, "topic");
  const policy = map?.entries.get("filterPolicy");
  const pattern = policy && map && readPolicy(reader, map, policy);
  if (name === undefined || (policy && !pattern)) return [];
  const filter: EventFilter | undefined = pattern && { kind: "body", patterns: [{ body: pattern }] };
  return [{ kind: "sns", event: "sns", on: toTopic(name), ...(filter && { filter }) }];
}

const snsSettings: Settings = {
  known: ["arn", "topicName", "displayName", "filterPolicy", "filterPolicyScope", "kmsMasterKeyId"],
  alone: { redrivePolicy: "elsewhere what cannot be handled lies in the function's own dead letters" },
};

function readPolicy(reader: SectionReader, map: MapNode, policy: Node): EventPattern | undefined {
  const scope = map.entries.get("filterPolicyScope");
  if (scope && plain(reader, scope) === "MessageBody") return readPattern(reader, policy, undefined);
  const mend = "filter by the body, with `filterPolicyScope: MessageBody`";
  const why = `${quoted(policy.path)}: messages have attributes on AWS alone: ${mend}.`;
  return onAws(reader, policy, why) ? { $or: [] } : undefined;
}

/** What arrives is the data alone, in no envelope. */
function toTopic(name: string): ReadEvent["on"] {
  return { kind: "topic", topic: name, pubsub: "pubsub", attempts: 5, ordered: isFifo(name), raw: true };
}

/** A map of settings, and no value that CloudFormation makes. */
function settingsIn(node: Node): MapNode | undefined {
  return node.kind === "map" && !toIntrinsic(node) ? node : undefined;
}
