// What the readers of `functions:` share: the variables, the target, and where each finding goes.

import type { AwsEvent, LambdaEvent } from "../contracts/lambda.ts";
import type { TriggerSpec } from "../contracts/trigger.ts";
import type { ErrorCode } from "../errors.ts";
import type { EventPattern } from "../functions/event-pattern.ts";
import { type MapNode, type Node, toPlain } from "./nodes.ts";
import { type Problems, quoted, suggest } from "./problems.ts";
import type { Variables } from "./variables.ts";

/** What a function gets of one entry of its `events`. */
export interface ReadEvent {
  /** The kind, as the framework calls it. */
  readonly kind: string;
  readonly on: TriggerSpec;
  /** The shape that the handler expects. */
  readonly event: LambdaEvent | AwsEvent;
  /** What the platform lets through to the handler. */
  readonly filter?: EventFilter;
  /** What the handler gets in place of the event. */
  readonly input?: { readonly value: unknown };
  /** The path below which it answers, as if that were an origin of its own. */
  readonly below?: `/${string}`;
}

/** `body`: one of the patterns holds for the message's body. `bus`: the pattern holds for the event. `objects`: of this kind and name. */
export type EventFilter =
  | { readonly kind: "body"; readonly patterns: readonly EventPattern[] }
  | { readonly kind: "bus"; readonly patterns: readonly EventPattern[] }
  | {
      readonly kind: "objects";
      readonly change: "created" | "deleted";
      readonly prefix?: string;
      readonly suffix?: string;
    };

export interface SectionReader extends Pick<Variables, "resolve"> {
  readonly target: string;
  readonly problems: Problems;
  /** What is left unserved on this machine, and why. */
  readonly notes: Problems;
}

/**
 * For what only AWS has: `true` there. Elsewhere a build fails with the sentence; on this machine it is noted, and what
 * it concerns is left unserved.
 */
export function onAws({ target, problems, notes }: SectionReader, node: Node, sentence: string): boolean {
  if (target === "aws") return true;
  if (target === "local") notes.add("UNSUPPORTED", node, `${sentence} It is left unserved here.`);
  else problems.add("UNSUPPORTED", node, sentence);
  return false;
}

/** Reports a setting that no target can keep. */
export function refuse(
  { problems }: SectionReader,
  node: Node,
  message: string,
  code: ErrorCode = "UNSUPPORTED",
): undefined {
  problems.add(code, node, message);
}

/** How a setting is treated that the readers do not look at themselves. */
export interface Settings {
  /** Read by the caller, or without effect on what the handler sees. */
  readonly known: readonly string[];
  /** AWS's own, with the reason why nothing else keeps it. */
  readonly alone?: Readonly<Record<string, string>>;
  /** Kept nowhere, with the mend. */
  readonly refused?: Readonly<Record<string, string>>;
}

/** Whether the event can be served, as far as its settings go. A key that the framework does not know is reported. */
export function checkSettings(
  reader: SectionReader,
  map: MapNode,
  { known, alone = {}, refused = {} }: Settings,
): boolean {
  let served = true;
  for (const [key, node] of map.entries) {
    const value = reader.resolve(node);
    if (known.includes(key) || (value?.kind === "scalar" && (value.value === null || value.value === false))) continue;
    if (Object.hasOwn(alone, key)) {
      served = onAws(reader, node, `${quoted(node.path)}: ${alone[key]}.`) && served;
    } else if (Object.hasOwn(refused, key)) {
      refuse(reader, node, `${quoted(node.path)}: ${refused[key]}.`);
      served = false;
    } else {
      const all = [...known, ...Object.keys(alone), ...Object.keys(refused)];
      refuse(reader, node, `There is no key ${quoted(key)} in ${quoted(map.path)}.${suggest(key, all)}`, "INVALID");
      served = false;
    }
  }
  return served;
}

/** `false`: `enabled: false` is written, and nothing comes. */
export function isEnabled(reader: SectionReader, map: MapNode | undefined): boolean {
  const written = map?.entries.get("enabled");
  const value = written && reader.resolve(written);
  if (!written || value?.kind !== "scalar" || String(value.value) !== "false") return true;
  reader.notes.add("UNSUPPORTED", written, `${quoted(written.path)} is false: nothing comes.`);
  return false;
}

export function plain(reader: SectionReader, node: Node): unknown {
  return toPlain(node, (inner) => reader.resolve(inner));
}
