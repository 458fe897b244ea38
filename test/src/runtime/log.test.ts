// Log lines: what they hold, and what none may hold.
import { describe, expect, test } from "vitest";
import { createJournal, createLog } from "../../../src/runtime/log.ts";

const own = { function: "ship", invocation: "i-1", trace: "t-1" };

function journal(...secrets: readonly string[]) {
  const lines: string[] = [];
  const made = createJournal((line) => lines.push(line));
  for (const secret of secrets) made.conceal(secret);
  const log = createLog(made, () => own);
  return {
    lines,
    journal: made,
    /** What one line says, and that it is one line. */
    write(message: string, fields?: Readonly<Record<string, unknown>>): Record<string, unknown> {
      log.info(message, fields);
      const line = lines.at(-1) ?? "";
      expect(line.split(/[\r\n\u0085\u2028\u2029]/)).toHaveLength(1);
      return JSON.parse(line) as Record<string, unknown>;
    },
  };
}

describe("a line", () => {
  test("says when, how grave, what, and of which run, then the caller's fields", () => {
    const { write, lines } = journal();
    const { time, ...rest } = write("shipped", { order: 7, nested: { a: [1, null, undefined, "x"] }, none: undefined });
    expect(new Date(time as string).getTime()).toBeGreaterThan(0);
    expect(rest).toEqual({ level: "info", message: "shipped", ...own, order: 7, nested: { a: [1, null, null, "x"] } });
    expect(Object.keys(JSON.parse(lines[0] ?? ""))).toEqual([
      "time",
      "level",
      "message",
      ...Object.keys(own),
      "order",
      "nested",
    ]);
  });

  test("has a level of its own for each way to write it", () => {
    const { journal: made, lines } = journal();
    const log = createLog(made, () => own);
    for (const level of ["debug", "info", "warn", "error"] as const) log[level]("x");
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual([
      "debug",
      "info",
      "warn",
      "error",
    ]);
  });

  test("keeps its own fields, whatever the caller's are called", () => {
    const fields = JSON.parse(
      '{"time":1,"level":2,"message":3,"function":4,"invocation":5,"trace":6,"__proto__":{"level":"x"},"constructor":7,"toString":8}',
    ) as Record<string, unknown>;
    const line = journal().write("m", fields);
    expect(line).toMatchObject({ level: "info", message: "m", ...own, constructor: 7, toString: 8 });
    expect(Object.getOwnPropertyDescriptor(line, "__proto__")?.value).toEqual({ level: "x" });
    expect(({} as { level?: unknown }).level).toBeUndefined();
  });

  test("escapes what ends a line somewhere, or moves a terminal's cursor", () => {
    const { write, lines } = journal();
    const text = "a\nb\r\u2028\u2029\u0085\u009b31m\u001b[0m\u007f";
    expect(write(text, { [text]: text })).toMatchObject({ message: text, [text]: text });
    expect(lines[0]).toMatch(/^[\x20-\x7e]*$/);
  });
});

describe("a field", () => {
  const throwing = {
    good: 1,
    get bad(): string {
      throw new Error("getter");
    },
  };
  const circular: Record<string, unknown> = { name: "c" };
  circular["self"] = circular;
  circular["list"] = [circular];
  const twice = { a: 1 };

  test.each<[string, unknown, unknown]>([
    ["a circle", circular, { name: "c", self: "[circular]", list: ["[circular]"] }],
    ["the same thing twice, which is no circle", [twice, twice], [{ a: 1 }, { a: 1 }]],
    ["a bigint", 2n ** 70n, "1180591620717411303424"],
    ["big integers as an array", new BigInt64Array(2), "[16 bytes]"],
    ["bytes", Buffer.from("hunter22"), "[8 bytes]"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["a function", function named() {}, "[function named]"],
    ["no number", [Number.NaN, Number.NEGATIVE_INFINITY], ["NaN", "-Infinity"]],
    ["a getter that throws", throwing, { good: 1, bad: "[cannot be shown]" }],
    [
      "a toJSON that throws",
      {
        toJSON: () => {
          throw new Error("x");
        },
      },
      "[cannot be shown]",
    ],
    [
      "a toJSON that gives a circle",
      { toJSON: () => circular },
      { name: "c", self: "[circular]", list: ["[circular]"] },
    ],
    ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["no date", new Date(Number.NaN), null],
    ["a map and a set", [new Map([["k", 1]]), new Set([1])], [[["k", 1]], [1]]],
    ["nothing's child", Object.create(null), {}],
    [
      "a proxy that refuses all",
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error("no");
          },
        },
      ),
      "[cannot be shown]",
    ],
    ["a boxed text", Object("boxed"), { 0: "b", 1: "o", 2: "x", 3: "e", 4: "d" }],
  ])("may be %s", (_what, value, shown) => {
    expect(journal().write("m", { value })["value"]).toEqual(shown);
  });

  test("may be an error, with its causes and what else it carries", () => {
    const cause = new RangeError("inner");
    const error = Object.assign(new Error("outer", { cause }), { code: "E1", issues: [{ path: "a" }] });
    expect(journal().write("m", { error })["error"]).toEqual({
      name: "Error",
      message: "outer",
      code: "E1",
      issues: [{ path: "a" }],
      stack: error.stack,
      cause: { name: "RangeError", message: "inner", stack: cause.stack },
    });
    const aggregate = new AggregateError([new Error("one")], "many");
    expect(journal().write("m", { error: aggregate })["error"]).toMatchObject({
      message: "many",
      errors: [{ message: "one" }],
    });
    const own = new Error("its own cause");
    own.cause = own;
    expect(journal().write("m", { own })["own"]).toMatchObject({ message: "its own cause", cause: "[circular]" });
  });

  test("stands for all fields where the error itself is given", () => {
    const { journal: made, lines } = journal();
    made.write("error", "m", {}, new TypeError("bare"));
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ error: { name: "TypeError", message: "bare" } });
  });

  test("may throw at any touch: the line is written, and nothing thrown", () => {
    const refuse = (): never => {
      throw new Error("do not touch");
    };
    const hostile = new Proxy({}, { get: refuse, getPrototypeOf: refuse, has: refuse, ownKeys: refuse });
    expect(journal().write("seen", hostile)).toMatchObject({ message: "seen", ...own });
  });

  test("may be as large or as deep as it likes: the line is not", () => {
    const { write, lines } = journal();
    let deep: unknown = "bottom";
    for (let index = 0; index < 100_000; index++) deep = { deep };
    write("deep", { deep });
    expect(lines.at(-1)?.length).toBeLessThan(1_000);
    expect(lines.at(-1)).toContain("[too deep]");
    write("long", { text: "x".repeat(1_000_000) });
    expect(lines.at(-1)).toContain("characters more)");
    write("wide", {
      list: Array.from({ length: 1_000_000 }, () => 0),
      ...Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`k${index}`, index])),
    });
    for (const line of lines) expect(line.length).toBeLessThan(250_000);
  });

  test("may make the message of anything that JavaScript lets through", () => {
    const { write } = journal("hunter22");
    expect(write(new Error("no text") as unknown as string)["message"]).toMatchObject({ message: "no text" });
    expect(write(undefined as unknown as string)).not.toHaveProperty("message");
  });
});

describe("a secret", () => {
  const secret = "hunter22";

  test("is in no text, key, error, stack, cause or number of any line", () => {
    const { write, lines } = journal(secret, "31337007");
    const error = new Error(`login with ${secret}`, { cause: new Error(`because ${secret}`) });
    Object.assign(error, { [`x${secret}`]: [secret] });
    write(`message ${secret}`, {
      text: secret,
      [secret]: 1,
      nested: { deep: [{ [`k-${secret}`]: `a${secret}b${secret}c` }] },
      error,
      map: new Map([[secret, secret]]),
      symbol: Symbol(secret),
      named: Object.defineProperty(() => 0, "name", { value: secret }),
      json: { toJSON: () => secret },
      number: 31337007,
      bigint: 31337007n,
    });
    expect(lines[0]).not.toContain(secret);
    expect(lines[0]).not.toContain("31337007");
    expect(lines[0]).toContain("a[secret]b[secret]c");
  });

  test("is not there in part where a text was cut, or where one secret is a part of another", () => {
    const { write, lines } = journal("pass", "password-of-mine");
    write("m", { text: "password-of-mine" });
    expect(lines[0]).toContain('"text":"[secret]"');
    for (let pad = 99_900; pad < 100_000; pad += 7) write("m", { text: `${"x".repeat(pad)}password-of-mine` });
    for (const line of lines) expect(line).not.toMatch(/pass|word|mine/);
  });

  test("is not there in JSON or in a URL that somebody made of it", () => {
    const awkward = 'a"b\\c\nd é/e';
    const { write, lines } = journal(awkward);
    write(JSON.stringify({ password: awkward }), {
      url: `https://u:${encodeURIComponent(awkward)}@host/`,
      plain: awkward,
    });
    const { message, url, plain } = JSON.parse(lines[0] ?? "") as Record<string, string>;
    expect({ message, url, plain }).toEqual({
      message: '{"password":"[secret]"}',
      url: "https://u:[secret]@host/",
      plain: "[secret]",
    });
  });

  test("of three characters would take words out of every line: it stays", () => {
    const { write, journal: made } = journal("abc", "abcd");
    expect(write("abc abcd")["message"]).toBe("abc [secret]");
    expect(made.redact("abcd, abc")).toBe("[secret], abc");
  });

  test("leaves the runtime's own time and level alone", () => {
    const { write } = journal("info", new Date().toISOString().slice(0, 4));
    const { time, level } = write("m");
    expect(new Date(time as string).getTime()).toBeGreaterThan(0);
    expect(level).toBe("info");
  });

  test("may look like a replacement pattern, or be told many times", () => {
    const { write, journal: made } = journal("$&$1$$");
    for (let index = 0; index < 3; index++) made.conceal("$&$1$$");
    expect(write("x$&$1$$y")["message"]).toBe("x[secret]y");
  });
});
