// Anything at all as plain data that JSON can hold, for log lines: bounded, and nothing in it can throw.

/** What of `value` may be shown: its own members, without those `but`. */
export type Plain = (value: object | undefined, but?: readonly string[]) => Readonly<Record<string, unknown>>;

/** `clean` sees each text before it is cut. At most about `limit` characters come out of all its calls together. */
export function createPlain(clean: (text: string) => string, limit: number): Plain {
  let left = limit;
  const above: object[] = [];

  function plain(value: unknown): unknown {
    if (typeof value === "string") return text(value);
    if (typeof value === "number")
      return Number.isFinite(value) && clean(`${value}`) === `${value}` ? value : text(`${value}`);
    if (typeof value === "bigint" || typeof value === "symbol") return text(String(value));
    if (typeof value === "function") return text(`[function ${value.name}]`);
    if (typeof value !== "object" || value === null) return value;
    if (above.includes(value)) return "[circular]";
    if (above.length >= deepest) return "[too deep]";
    above.push(value);
    try {
      return structure(value);
    } catch {
      return "[cannot be shown]";
    } finally {
      above.pop();
    }
  }

  function structure(value: object): unknown {
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof Error) return members(value, errorKeys(value));
    if ("toJSON" in value && typeof value.toJSON === "function") return plain(value.toJSON());
    if (Array.isArray(value)) return elements(value);
    if (value instanceof Map) return elements(value.entries());
    if (value instanceof Set) return elements(value);
    return members(value, Object.keys(value));
  }

  function members(value: object, keys: readonly string[]): Record<string, unknown> {
    const out: Record<string, unknown> = Object.create(null);
    for (const key of keys) {
      if (left <= 0) {
        out["…"] = leftOut;
        break;
      }
      const name = text(key);
      const member = attempt(() => plain((value as Readonly<Record<string, unknown>>)[key]));
      if (member !== undefined) out[name] = member;
    }
    return out;
  }

  function elements(values: Iterable<unknown>): unknown[] {
    const out: unknown[] = [];
    for (const value of values) {
      if (left <= 0) return [...out, leftOut];
      left -= 2;
      out.push(plain(value));
    }
    return out;
  }

  function text(value: string): string {
    const whole = clean(value);
    const room = Math.max(0, left);
    left -= whole.length + 6;
    return whole.length <= room ? whole : `${whole.slice(0, room)}… (${whole.length - room} characters more)`;
  }

  return (value, but = []) => {
    if (value === undefined) return {};
    const keys = attempt(() => Object.keys(value).filter((key) => !but.includes(key)));
    return Array.isArray(keys) ? members(value, keys) : {};
  };
}

const deepest = 12;
const leftOut = "[the rest is left out]";

function attempt<T>(read: () => T): T | string {
  try {
    return read();
  } catch {
    return "[cannot be shown]";
  }
}

function errorKeys(error: Error): readonly string[] {
  return [...new Set(["name", "message", "code", ...Object.keys(error), "stack", "cause", "errors"])];
}
