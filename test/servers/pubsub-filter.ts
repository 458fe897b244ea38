// Filters of Pub/Sub's subscriptions, as their reference has them.
// https://docs.cloud.google.com/pubsub/docs/subscription-message-filter
import { Refusal } from "./google-http.ts";

type Attributes = Readonly<Record<string, string>>;
type Matcher = (attributes: Attributes) => boolean;

/** Throws `INVALID_ARGUMENT` for what is no filter: AND and OR do not stand side by side without parentheses. */
export function matcherOf(filter: string): Matcher {
  if (filter === "") return () => true;
  const refuse = (): never => {
    throw new Refusal("INVALID_ARGUMENT", `Invalid filter: ${filter}`);
  };
  if (Buffer.byteLength(filter) > 256) return refuse();
  const tokens = filter.match(/"(?:[^"\\]|\\.)*"|!=|[():=,]|[\w.-]+|\S/g) ?? [];
  let at = 0;
  const peek = (): string => tokens[at] ?? "";
  const take = (wanted?: string): string => {
    const token = peek();
    if (token === "" || (wanted !== undefined && token !== wanted)) refuse();
    at++;
    return token;
  };
  const text = (): string => {
    const token = take();
    return token.startsWith('"') ? (JSON.parse(token) as string) : token;
  };

  function expression(): Matcher {
    const terms = [term()];
    const joint = peek();
    while (joint !== "" && peek() === joint && (joint === "AND" || joint === "OR")) {
      take();
      terms.push(term());
    }
    if (peek() === "AND" || peek() === "OR") return refuse();
    return (attributes) =>
      joint === "OR" ? terms.some((each) => each(attributes)) : terms.every((each) => each(attributes));
  }

  function term(): Matcher {
    if (peek() === "NOT") {
      take();
      const inner = term();
      return (attributes) => !inner(attributes);
    }
    if (peek() === "(") {
      take();
      const inner = expression();
      take(")");
      return inner;
    }
    if (peek() === "hasPrefix") {
      take();
      take("(");
      const key = attribute(take());
      take(",");
      const prefix = text();
      take(")");
      return (attributes) => attributes[key]?.startsWith(prefix) ?? false;
    }
    const name = take();
    if (name === "attributes" && peek() === ":") {
      take();
      const key = text();
      return (attributes) => Object.hasOwn(attributes, key);
    }
    const key = attribute(name);
    const operator = take();
    const value = text();
    if (operator === "=") return (attributes) => attributes[key] === value;
    if (operator === "!=") return (attributes) => attributes[key] !== value;
    return refuse();
  }

  const attribute = (name: string): string => (name.startsWith("attributes.") ? name.slice(11) : refuse());
  const found = expression();
  return at === tokens.length ? found : refuse();
}
