// Whether an event pattern can be applied everywhere: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
import type { EventPattern } from "../functions/event-pattern.ts";
import type { Node } from "./nodes.ts";
import { quoted, suggest } from "./problems.ts";
import { onAws, plain, refuse, type SectionReader } from "./section-reader.ts";

/** `fields`: those that the event has at its top. `undefined`: it was reported, or is AWS's alone. */
export function readPattern(
  reader: SectionReader,
  node: Node,
  fields: readonly string[] | undefined,
): EventPattern | undefined {
  const root = reader.resolve(node);
  if (root?.kind !== "map" || root.tag !== undefined)
    return root && refuse(reader, root, `${quoted(node.path)} must be a pattern: a map of fields.`, "INVALID");
  const whole: EventPattern = {};
  if (fields) {
    for (const [field, value] of root.entries) {
      if (field === "$or" || fields.includes(field)) continue;
      const known = fields.map(quoted).join(", ");
      const why = `events of other targets have no ${quoted(field)}, they are told apart by ${known}`;
      if (!onAws(reader, value, `${quoted(value.path)}: ${why}.`)) return undefined;
    }
  }
  if (!isPattern(reader, root)) return undefined;
  return Object.assign(whole, plain(reader, root));
}

/** Every mistake of it is reported. */
function isPattern(reader: SectionReader, node: Node): boolean {
  let right = true;
  for (const [field, written] of node.kind === "map" ? node.entries : []) {
    const value = reader.resolve(written);
    if (field === "$or" && value?.kind === "list") {
      for (const item of value.items) right = isPattern(reader, item) && right;
    } else if (value?.kind === "map" && value.tag === undefined) right = isPattern(reader, value) && right;
    else if (value?.kind === "list") {
      for (const item of value.items) right = isMatcher(reader, item) && right;
    } else {
      const message = `${quoted(written.path)} must be a list of what may stand there, or a map of fields.`;
      refuse(reader, written, message, "INVALID");
      right = false;
    }
  }
  return right;
}

const operators = ["prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "exists"];

function isMatcher(reader: SectionReader, written: Node): boolean {
  const node = reader.resolve(written);
  if (node?.kind === "scalar" && node.tag === undefined) return true;
  const [[operator = "", operand] = []] = node?.kind === "map" ? node.entries : [];
  if (!node || !operand) {
    refuse(reader, written, `${quoted(written.path)} must be a value, or one operator and its operand.`, "INVALID");
    return false;
  }
  if (operator === "cidr") return onAws(reader, operand, `${quoted(operand.path)}: only AWS compares addresses.`);
  if (!operators.includes(operator)) {
    const message = `There is no operator ${quoted(operator)} in event patterns.${suggest(operator, operators)}`;
    refuse(reader, operand, message, "INVALID");
    return false;
  }
  return isOperand(reader, operator, operand);
}

const signs = ["=", "<", "<=", ">", ">="];

function isOperand(reader: SectionReader, operator: string, node: Node): boolean {
  const operand = plain(reader, node);
  const wants =
    operator === "exists" && typeof operand !== "boolean"
      ? "true or false"
      : operator === "numeric" && !isRange(operand)
        ? 'signs and numbers in turn, such as `[">", 0, "<=", 5]`'
        : texts.includes(operator) && typeof operand !== "string" && !isFolded(operator, operand)
          ? "text"
          : undefined;
  if (wants === undefined) return true;
  refuse(reader, node, `${quoted(node.path)} takes ${wants}.`, "INVALID");
  return false;
}

const texts = ["prefix", "suffix", "equals-ignore-case", "wildcard"];

function isRange(operand: unknown): boolean {
  return (
    Array.isArray(operand) &&
    operand.length > 0 &&
    operand.length % 2 === 0 &&
    operand.every((part, index) => (index % 2 === 0 ? signs.includes(String(part)) : typeof part === "number"))
  );
}

/** `{ prefix: { equals-ignore-case: … } }`. */
function isFolded(operator: string, operand: unknown): boolean {
  const [[key, value] = []] = Object.entries(Object(operand));
  return (operator === "prefix" || operator === "suffix") && key === "equals-ignore-case" && typeof value === "string";
}
