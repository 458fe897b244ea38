// What a handler gives back, in AWS's documented forms, is the reply that the client gets.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answer, type HttpEvent, httpEvents, replyTo } from "./capture.ts";

/** A reply, before it is written in the form of any shape. */
interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string | Uint8Array;
}

const cookie = fc.stringMatching(/^[a-z]{1,5}=[a-z0-9]{0,5}(?:; Path=\/)?$/);
const replies = fc.record({
  status: fc.constantFrom(200, 201, 204, 301, 304, 400, 404, 500, 503, 599),
  headers: fc
    .dictionary(fc.stringMatching(/^X-[a-z0-9]{1,8}$/), fc.stringMatching(/^[!-~](?:[ -~]{0,10}[!-~])?$/), {
      maxKeys: 4,
    })
    .map((headers) => ({ ...headers, "Content-Type": "text/plain" })),
  cookies: fc.array(cookie, { maxLength: 3 }),
  body: fc.oneof(
    fc.string({ unit: "grapheme" }).filter((text) => text.isWellFormed()),
    fc.uint8Array(),
  ),
});

/** As each shape's page has it. */
const writers: Readonly<Record<HttpEvent, (reply: Reply) => object>> = {
  "apigw.v1": ({ cookies, ...reply }) => ({
    ...written(reply),
    headers: reply.headers,
    multiValueHeaders: cookies.length > 0 ? { "Set-Cookie": cookies } : undefined,
  }),
  "apigw.v2": ({ cookies, ...reply }) => ({ ...written(reply), headers: reply.headers, cookies }),
  url: ({ cookies, ...reply }) => ({ ...written(reply), headers: reply.headers, cookies }),
  // A load balancer without multi-value headers knows one cookie alone.
  alb: ({ cookies: [cookie], ...reply }) => ({
    ...written(reply),
    statusDescription: `${reply.status} Of Some Kind`,
    headers: { ...reply.headers, ...(cookie !== undefined && { "Set-Cookie": cookie }) },
  }),
  "alb.multi": ({ cookies, headers, ...reply }) => ({
    ...written(reply),
    multiValueHeaders: {
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      "Set-Cookie": cookies,
    },
  }),
};

function written({ status, body }: Pick<Reply, "status" | "body">): object {
  if (typeof body === "string") return { statusCode: status, body };
  return { statusCode: status, body: Buffer.from(body).toString("base64"), isBase64Encoded: true };
}

describe.each(httpEvents)("a reply of %s", (shape) => {
  test("arrives as it was meant", async () => {
    await fc.assert(
      fc.asyncProperty(replies, async (reply) => {
        const got = await replyTo(shape, writers[shape](reply));
        const { "set-cookie": _, ...headers } = Object.fromEntries(got.headers);
        const expected = Object.entries(reply.headers).map(([name, value]) => [name.toLowerCase(), value]);
        expect(got.status).toBe(reply.status);
        expect(headers).toEqual(Object.fromEntries(expected));
        expect(got.headers.getSetCookie()).toEqual(shape === "alb" ? reply.cookies.slice(0, 1) : reply.cookies);
        const bodiless = reply.status === 204 || reply.status === 304;
        const body = bodiless ? "" : Buffer.from(reply.body as string).toString("hex");
        expect(Buffer.from(await got.arrayBuffer()).toString("hex")).toBe(body);
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    ["without a status", {}],
    ["no object", 7],
    ["nothing", undefined],
  ])("that is %s is refused, or a shorthand", async (_what, result) => {
    const { status } = await replyTo(shape, result);
    expect(status).toBe(shape === "apigw.v2" || shape === "url" ? 200 : 500);
  });

  test.each([
    ["a status that is none", { statusCode: "none" }],
    ["a status of 99", { statusCode: 99 }],
    ["a body that is an object", { statusCode: 200, body: { a: 1 } }],
    ["headers that are a text", { statusCode: 200, headers: "a", multiValueHeaders: "a" }],
  ])("%s is a failure of the function", async (_what, result) => {
    const got = await replyTo(shape, result);
    expect([got.status, got.headers.get("content-type")]).toEqual([500, "application/problem+json"]);
  });
});

describe("a shorthand", () => {
  const shorthands = [
    ["an object", { message: "é" }, '{"message":"é"}'],
    ["a list", [1, { a: 2 }], '[1,{"a":2}]'],
    ["a text, as it is", "Hello", "Hello"],
    ["a number", 7, "7"],
    ["true", true, "true"],
    ["null", null, "null"],
    ["nothing", undefined, "null"],
    ["an object with a body", { body: "x" }, '{"body":"x"}'],
  ] as const;
  test.each(shorthands)("%s is JSON with status 200", async (_what, result, body) => {
    for (const shape of ["apigw.v2", "url"] as const) {
      const got = await replyTo(shape, result);
      expect([got.status, got.headers.get("content-type"), await got.text()]).toEqual([200, "application/json", body]);
    }
  });
});

describe("what a reply leaves out", () => {
  test.each([
    ["apigw.v1", "application/json"],
    ["apigw.v2", "text/plain;charset=UTF-8"],
    ["url", "application/json"],
    ["alb", null],
  ] as const)("%s: its media type is %s", async (shape, type) => {
    const got = await replyTo(shape, { statusCode: 200, body: "x" });
    expect(got.headers.get("content-type")).toBe(type);
  });

  test("a status may be a text, values of headers may be no texts, and those that are not there are left out", async () => {
    const got = await replyTo("apigw.v1", {
      statusCode: "202",
      headers: { "x-number": 7, "x-yes": true, "x-none": null, "x-gone": undefined },
      body: null,
    });
    expect([got.status, Object.fromEntries(got.headers)]).toEqual([202, { "x-number": "7", "x-yes": "true" }]);
  });

  test("apigw.v1: of a name in both, the list counts; names differing by case are the same name", async () => {
    const got = await replyTo("apigw.v1", {
      statusCode: 200,
      headers: { "X-A": "one", "x-b": "two" },
      multiValueHeaders: { "x-a": ["1", "2"] },
    });
    expect([got.headers.get("x-a"), got.headers.get("x-b")]).toEqual(["1, 2", "two"]);
  });

  test("apigw.v2: lists are no part of it, and apigw.v1 knows no cookies", async () => {
    const both = { statusCode: 200, multiValueHeaders: { "x-a": ["1"] }, cookies: ["a=1"] };
    const [two, one] = [await replyTo("apigw.v2", both), await replyTo("apigw.v1", both)];
    expect([two.headers.get("x-a"), two.headers.getSetCookie()]).toEqual([null, ["a=1"]]);
    expect([one.headers.get("x-a"), one.headers.getSetCookie()]).toEqual(["1", []]);
  });
});

test("what a caller sent is not said again of a handler that failed", async () => {
  const fails = async (): Promise<never> => {
    throw new Error("the secret of the house");
  };
  const got = await answer("url", fails, { method: "GET", target: "/", headers: {}, body: undefined });
  expect(got.status).toBe(500);
  expect(await got.text()).not.toContain("secret");
});
