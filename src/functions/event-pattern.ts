// Event patterns as AWS documents them, for targets whose platform applies none.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

/** `checkPattern` of `src/manifest` has looked through it: an operator that is not one of these matches nothing. */
export interface EventPattern {
  readonly [field: string]: EventPattern | readonly unknown[];
}

/** Whether all fields of the pattern hold for the event. In an array, one of its values is enough. */
export function matches(pattern: EventPattern, event: unknown): boolean {
  return Object.entries(pattern).every(([field, wanted]) => {
    if (field === "$or" && Array.isArray(wanted)) return wanted.some((one) => matches(one as EventPattern, event));
    const value = fieldOf(event, field);
    if (isMatchers(wanted)) return wanted.some((matcher) => holds(matcher, value));
    if (Array.isArray(value)) return value.some((item) => matches(wanted, item));
    return matches(wanted, value);
  });
}

function isMatchers(wanted: EventPattern | readonly unknown[]): wanted is readonly unknown[] {
  return Array.isArray(wanted);
}

/** What it finds in an event beside its own fields is none of it. */
function fieldOf(event: unknown, field: string): unknown {
  if (typeof event !== "object" || event === null || !Object.hasOwn(event, field)) return undefined;
  return (event as Readonly<Record<string, unknown>>)[field];
}

function holds(matcher: unknown, value: unknown): boolean {
  const values = Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : value === undefined ? [] : [value];
  const leaves = values.filter((one) => typeof one !== "object" || one === null);
  if (typeof matcher !== "object" || matcher === null) return leaves.includes(matcher);
  const [[operator, operand] = []] = Object.entries(matcher);
  if (operator === "exists") return leaves.length > 0 === operand;
  return leaves.some((leaf) => applies(operator ?? "", operand, leaf));
}

function applies(operator: string, operand: unknown, leaf: unknown): boolean {
  if (operator === "anything-but") return isOtherThan(operand, leaf);
  if (operator === "numeric") return typeof leaf === "number" && Array.isArray(operand) && isInRange(operand, leaf);
  if (typeof leaf !== "string") return false;
  if (typeof operand === "object" && operand !== null) {
    const folded = fieldOf(operand, "equals-ignore-case");
    return typeof folded === "string" && applies(operator, folded.toLowerCase(), leaf.toLowerCase());
  }
  if (typeof operand !== "string") return false;
  switch (operator) {
    case "prefix":
      return leaf.startsWith(operand);
    case "suffix":
      return leaf.endsWith(operand);
    case "equals-ignore-case":
      return leaf.toLowerCase() === operand.toLowerCase();
    case "wildcard":
      return isLike(operand, leaf);
    default:
      return false;
  }
}

/** The operand is a value, a list of values, or one operator with a value or a list. */
function isOtherThan(operand: unknown, leaf: unknown): boolean {
  if (Array.isArray(operand)) return !operand.includes(leaf);
  if (typeof operand !== "object" || operand === null) return operand !== leaf;
  const [[operator = "", inner] = []] = Object.entries(operand);
  const all: readonly unknown[] = Array.isArray(inner) ? inner : [inner];
  return all.every((one) => !applies(operator, one, leaf));
}

/** `["<", 10, ">=", 0]`. */
function isInRange(range: readonly unknown[], leaf: number): boolean {
  for (let index = 0; index < range.length; index += 2) {
    const bound = Number(range[index + 1]);
    const sign = range[index];
    const within =
      sign === "="
        ? leaf === bound
        : sign === "<"
          ? leaf < bound
          : sign === "<="
            ? leaf <= bound
            : sign === ">"
              ? leaf > bound
              : sign === ">="
                ? leaf >= bound
                : false;
    if (!within) return false;
  }
  return true;
}

/** `*` is any text, `\*` a star and `\\` a backslash. Linear: a pattern cannot make it go back more than to its last star. */
function isLike(wildcard: string, text: string): boolean {
  const parts = (wildcard.match(/\\[*\\]|[\s\S]/g) ?? []).map((part) => (part === "*" ? undefined : part.at(-1)));
  let at = 0;
  let part = 0;
  let star = -1;
  let from = 0;
  while (at < text.length) {
    if (part < parts.length && parts[part] === undefined) {
      star = part++;
      from = at;
    } else if (part < parts.length && parts[part] === text[at]) {
      part++;
      at++;
    } else if (star >= 0) {
      part = star + 1;
      at = ++from;
    } else return false;
  }
  return parts.slice(part).every((left) => left === undefined);
}
