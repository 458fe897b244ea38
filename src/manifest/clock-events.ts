// `schedule` and `eventBridge` events.

import { readAwsName } from "./aws-name.ts";
import { fromAwsSchedule } from "./aws-schedule.ts";
import type { MapNode, Node } from "./nodes.ts";
import { readPattern } from "./pattern-check.ts";
import { quoted } from "./problems.ts";
import {
  checkSettings,
  isEnabled,
  plain,
  type ReadEvent,
  refuse,
  type SectionReader,
  type Settings,
} from "./section-reader.ts";
import { asMap, asText } from "./shape.ts";

const notChanged = "only AWS changes an event on its way: let the handler read it whole";

/** https://www.serverless.com/framework/docs/providers/aws/events/schedule */
export function readSchedule(reader: SectionReader, node: Node): readonly ReadEvent[] {
  if (node.kind === "scalar") return readClock(reader, node, undefined, "schedule");
  const map = asMap(node, reader.problems);
  if (!map || !checkSettings(reader, map, scheduleSettings) || !isEnabled(reader, map)) return [];
  const rate = map.entries.get("rate");
  const value = rate && reader.resolve(rate);
  if (!value) {
    if (!rate) refuse(reader, map, `${quoted(map.path)} has no \`rate\`.`, "MISCONFIGURED");
    return [];
  }
  const rates = value.kind === "list" ? value.items : [value];
  return rates.flatMap((one) => readClock(reader, one, map, "schedule"));
}

const scheduleSettings: Settings = {
  known: ["rate", "enabled", "input", "name", "description", "method", "timezone"],
  alone: { inputPath: notChanged, inputTransformer: notChanged },
};

/** https://www.serverless.com/framework/docs/providers/aws/events/event-bridge */
export function readEventBridge(reader: SectionReader, node: Node): readonly ReadEvent[] {
  const map = asMap(node, reader.problems);
  if (!map || !checkSettings(reader, map, eventBridgeSettings) || !isEnabled(reader, map)) return [];
  const events: ReadEvent[] = [];
  const schedule = map.entries.get("schedule");
  if (schedule) events.push(...readClock(reader, schedule, map, "eventBridge"));
  const pattern = map.entries.get("pattern");
  if (pattern) events.push(...readBus(reader, map, pattern));
  if (!schedule && !pattern)
    refuse(reader, map, `${quoted(map.path)} has neither \`schedule\` nor \`pattern\`.`, "MISCONFIGURED");
  return events;
}

const eventBridgeSettings: Settings = {
  known: ["schedule", "pattern", "eventBus", "input", "enabled", "name", "description"],
  alone: {
    inputPath: notChanged,
    inputTransformer: notChanged,
    retryPolicy: "elsewhere the function's own attempts hold",
    deadLetterQueueArn: "elsewhere what cannot be handled lies in the function's own dead letters",
  },
};

function readClock(
  reader: SectionReader,
  written: Node,
  map: MapNode | undefined,
  kind: "schedule" | "eventBridge",
): readonly ReadEvent[] {
  const text = asText(reader.resolve(written), reader.problems);
  if (text === undefined) return [];
  const converted = fromAwsSchedule(text);
  if ("problem" in converted) {
    refuse(reader, written, `${quoted(text)} ${converted.problem}.`, "INVALID");
    return [];
  }
  const zone = map?.entries.get("timezone");
  const timeZone = zone && asText(reader.resolve(zone), reader.problems);
  const on = { kind: "schedule", cron: converted.cron, ...(timeZone !== undefined && { timeZone }) } as const;
  return [{ kind, event: "scheduled", on, ...inputOf(reader, map) }];
}

/** What matches no pattern is acknowledged. */
function readBus(reader: SectionReader, map: MapNode, written: Node): readonly ReadEvent[] {
  const pattern = readPattern(reader, written, ["source", "detail-type", "detail", "id", "time"]);
  const bus = map.entries.get("eventBus");
  const name = bus ? readAwsName(reader, bus, "event bus") : "default";
  if (!pattern || name === undefined) return [];
  return [
    {
      kind: "eventBridge",
      event: "eventbridge",
      on: { kind: "topic", topic: name, pubsub: "pubsub", attempts: 5, ordered: false },
      filter: { kind: "bus", patterns: [pattern] },
      ...inputOf(reader, map),
    },
  ];
}

function inputOf(reader: SectionReader, map: MapNode | undefined): Pick<ReadEvent, "input"> {
  const written = map?.entries.get("input");
  if (!written) return {};
  const value = plain(reader, written);
  return { input: { value: typeof value === "string" ? fromJson(value) : value } };
}

/** The framework takes JSON as text, too. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
