// Every style in which a Lambda handler is written.
import "../../../src/bridge/awslambda.ts";
import { request } from "node:http";
import { setTimeout as rest } from "node:timers/promises";
import { afterAll, describe, expect, test, vi } from "vitest";
import { promised, toCallable } from "../../../src/bridge/handler.ts";
import { answer, replyTo, type WebRequest } from "./capture.ts";

interface Context {
  callbackWaitsForEmptyEventLoop: boolean;
  done(error: unknown, result?: unknown): void;
  succeed(result?: unknown): void;
  fail(error?: unknown): void;
  getRemainingTimeInMillis(): number;
  readonly [name: string]: unknown;
}
type Callback = (error: unknown, result?: unknown) => void;
interface Stream {
  write(part: unknown): boolean;
  end(part?: unknown): void;
  setContentType(type: string): void;
}
declare const awslambda: {
  streamifyResponse(handler: (event: unknown, stream: Stream, context: Context) => unknown): Function;
  readonly HttpResponseStream: { from(stream: Stream, prelude: object): Stream };
};

const ok = { statusCode: 200, body: "ok" };

/** As a pool keeps what waits for its connection, made when the module was loaded. */
const queue: (() => void)[] = [];
const pool = setInterval(() => queue.shift()?.(), 400);
afterAll(() => clearInterval(pool));

function helper(context: Context): void {
  setTimeout(() => context.succeed(ok), 30);
}
const get: WebRequest = { method: "GET", target: "/", headers: {}, body: undefined };

describe("a handler that is answered by", () => {
  const styles: Readonly<Record<string, Function>> = {
    "a promise": async () => ok,
    "a promise, later": async () => rest(2, ok),
    // biome-ignore lint/suspicious/noThenProperty: this is what is tried
    "a thenable": () => ({ then: (resolve: (value: unknown) => void) => void resolve(ok) }),
    "a plain value": () => ok,
    "a callback": (_event: unknown, _context: unknown, callback: Callback) => callback(null, ok),
    "a callback, later": (_event: unknown, _context: unknown, callback: Callback) => {
      setTimeout(() => callback(undefined, ok), 2);
    },
    "a callback, of an async function": async (_event: unknown, _context: unknown, callback: Callback) => {
      callback(null, ok);
      return { statusCode: 500 };
    },
    "a callback, while an async function goes on": async (_event: unknown, _context: unknown, callback: Callback) => {
      setTimeout(() => callback(null, ok), 1);
      await rest(20);
    },
    "a promise, of a function that takes a callback": async (_event: unknown, _context: unknown, _callback: Callback) =>
      ok,
    "context.succeed": (_event: unknown, context: Context) => context.succeed(ok),
    "context.succeed, later": (_event: unknown, context: Context) => void setTimeout(() => context.succeed(ok), 2),
    "a callback, of a rest": (...args: readonly unknown[]) => {
      const callback = args[2] as Callback;
      setTimeout(() => callback(null, ok), 30);
    },
    "a callback, of `arguments`": function () {
      // biome-ignore lint/complexity/noArguments: this is what is tried
      const callback = arguments[2] as Callback;
      return setTimeout(() => callback(null, ok), 30);
    },
    "a callback, of a default": (_event: unknown, _context: unknown, callback: Callback = () => undefined) =>
      setTimeout(() => callback(null, ok), 30),
    "a callback, of a function that returns a timer": (_event: unknown, _context: unknown, callback: Callback) =>
      setTimeout(() => callback(null, ok), 30),
    "a callback, of a function that returns a request": (_event: unknown, _context: unknown, callback: Callback) =>
      request("http://127.0.0.1:1")
        .on("error", () => callback(null, ok))
        .end(),
    "a callback, of a function that returns true": (_event: unknown, _context: unknown, callback: Callback) => {
      setTimeout(() => callback(null, ok), 30);
      return true;
    },
    "a callback, that a connection of before keeps for longer than two looks": (
      _event: unknown,
      _context: unknown,
      callback: Callback,
    ) => {
      queue.push(() => callback(null, ok));
    },
    "context.succeed, by a helper": (_event: unknown, context: Context) => helper(context),
    "context.succeed, by a helper that returns true": (_event: unknown, context: Context) => {
      helper(context);
      return true;
    },
    "context.succeed, of a function that returns a timer": (_event: unknown, context: Context) =>
      setTimeout(() => context.succeed(ok), 30),
    "context.succeed, taken from it": (_event: unknown, { succeed }: Context) => {
      setTimeout(succeed, 30, ok);
      return { statusCode: 500 };
    },
    "a plain value, of one that has a context": (_event: unknown, context: Context) => {
      setTimeout(() => context.getRemainingTimeInMillis(), 1000).unref();
      return ok;
    },
    "context.done": (_event: unknown, context: Context) => void setTimeout(() => context.done(null, ok), 2),
    "callbackWaitsForEmptyEventLoop off": (_event: unknown, context: Context, callback: Callback) => {
      context.callbackWaitsForEmptyEventLoop = false;
      callback(null, ok);
    },
    "the first of several answers": (_event: unknown, context: Context, callback: Callback) => {
      callback(null, ok);
      context.fail(new Error("too late"));
    },
  };
  test.each(Object.entries(styles))("%s", async (_style, handler) => {
    const got = await answer("apigw.v1", handler, get);
    expect([got.status, await got.text()]).toEqual([200, "ok"]);
  });

  const nothings: Readonly<Record<string, Function>> = {
    "and waits for nothing": () => undefined,
    "and says that all is done": (_event: unknown) => console.log("all done"),
    "and has a context": (_event: unknown, context: Context) => console.log(context["awsRequestId"], "will not fail"),
    "and has a callback": (_event: unknown, _context: unknown, _callback: Callback) => console.log("done"),
    "and looks at its callback": (_event: unknown, context: Context, callback: Callback) =>
      console.log(typeof callback, typeof context.succeed),
    "and has a rest": (..._all: readonly unknown[]) => undefined,
    "and leaves its callback to what is over": (_event: unknown, _context: unknown, callback: Callback) => {
      setTimeout(() => callback.length, 5);
    },
    "but a timer": (_event: unknown) => setTimeout(() => undefined, 1),
    "but a value beside a callback": (_event: unknown, _context: unknown, _callback: Callback) => "ignored",
  };
  test.each(Object.entries(nothings))("nothing, %s", async (_style, handler) => {
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    const got = await answer("url", handler, get, 20_000);
    expect(await got.text()).toBe("null");
  });
});

describe("a handler that fails by", () => {
  const failures: Readonly<Record<string, Function>> = {
    "a rejection": async () => Promise.reject(new Error("why")),
    "a throw": () => {
      throw new Error("why");
    },
    "its callback": (_event: unknown, _context: unknown, callback: Callback) => callback(new Error("why")),
    "its callback, with a text": (_event: unknown, _context: unknown, callback: Callback) => callback("why"),
    "context.fail": (_event: unknown, context: Context) => context.fail(new Error("why")),
    "context.fail, without a reason": (_event: unknown, context: Context) => context.fail(),
    "context.done": (_event: unknown, context: Context) => context.done(new Error("why")),
    "a throw of a text": () => {
      throw "why";
    },
  };
  test.each(Object.entries(failures))("%s", async (_way, handler) => {
    expect((await answer("apigw.v2", handler, get)).status).toBe(500);
    await expect(toCallable(handler)({}, {})).rejects.toBeDefined();
  });
});

test("a callback handler as one of a promise takes two arguments, as Lambda's newer runtimes want it", async () => {
  const handler = promised((event: unknown, context: Context, callback: Callback) => {
    expect(context.getRemainingTimeInMillis()).toBe(5);
    setTimeout(() => callback(null, event), 1);
  });
  expect(handler.length).toBe(2);
  expect(await handler("event", { getRemainingTimeInMillis: () => 5 })).toBe("event");
});

describe("the context", () => {
  test("is what Lambda documents", async () => {
    const got = await answer(
      "url",
      async (_event: unknown, context: Context) => ({ ...context, keys: Object.keys(context) }),
      get,
    );
    const { keys, ...context } = (await got.json()) as { readonly keys: readonly string[] };
    expect(context).toMatchObject({
      callbackWaitsForEmptyEventLoop: true,
      functionName: "work",
      functionVersion: "$LATEST",
      invokedFunctionArn: expect.stringMatching(/^arn:aws:lambda:[a-z0-9-]+:000000000000:function:work$/),
      memoryLimitInMB: "1024",
      awsRequestId: expect.stringMatching(/^call-\d+$/),
      logGroupName: "/aws/lambda/work",
      logStreamName: expect.any(String),
    });
    expect(keys).toEqual(expect.arrayContaining(["clientContext", "identity", "getRemainingTimeInMillis"]));
  });

  test("tells what is left of the real deadline, and never less than nothing", async () => {
    const left = async (_event: unknown, context: Context) => {
      const first = context.getRemainingTimeInMillis();
      await rest(20);
      return [first, context.getRemainingTimeInMillis()];
    };
    const [first, second] = (await (await answer("url", left, get, 5000)).json()) as [number, number];
    expect(first).toBeGreaterThan(4000);
    expect(first).toBeLessThanOrEqual(5000);
    expect(second).toBeLessThan(first);
    const late = async (_event: unknown, context: Context): Promise<void> => {
      await rest(250);
      over = context.getRemainingTimeInMillis();
    };
    let over = -1;
    expect((await answer("url", late, get, 50)).status).toBe(504);
    await vi.waitFor(() => expect(over).toBe(0));
  });

  test("a handler whose callback is kept and never called has used up its time", async () => {
    const kept: Callback[] = [];
    const never = (_event: unknown, _context: unknown, callback: Callback): void => void kept.push(callback);
    expect((await answer("apigw.v2", never, get, 100)).status).toBe(504);
    expect(kept).toHaveLength(1);
  });
});

describe("a handler that streams", () => {
  test("has its status, headers and cookies first, and its parts as they are made", async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const handler = awslambda.streamifyResponse(async (_event, stream) => {
      const out = awslambda.HttpResponseStream.from(stream, {
        statusCode: 206,
        headers: { "content-type": "text/event-stream", "x-a": "1" },
        cookies: ["a=1", "b=2"],
      });
      out.write("one ");
      await gate;
      out.write(Buffer.from("two "));
      out.write({ three: 3 });
      out.end();
    });
    const got = await answer("url", handler, get);
    expect([got.status, got.headers.get("content-type"), got.headers.get("x-a")]).toEqual([
      206,
      "text/event-stream",
      "1",
    ]);
    expect(got.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    const reader = (got.body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("one ");
    go();
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read())
      rest += Buffer.from(part.value).toString();
    expect(rest).toBe('two {"three":3}');
  });

  test("may write without a prelude, or nothing at all", async () => {
    const plain = awslambda.streamifyResponse(async (_event, stream) => {
      stream.setContentType("text/html");
      stream.end("<p>");
    });
    const got = await answer("url", plain, get);
    expect([got.status, got.headers.get("content-type"), await got.text()]).toEqual([200, "text/html", "<p>"]);
    const empty = awslambda.streamifyResponse(async (_event, stream) => {
      awslambda.HttpResponseStream.from(stream, { statusCode: 204 }).end();
    });
    expect((await answer("url", empty, get)).status).toBe(204);
  });

  test("that fails before its first byte is a 500, and after it a reply that is cut off", async () => {
    const early = awslambda.streamifyResponse(async () => Promise.reject(new Error("why")));
    expect((await answer("url", early, get)).status).toBe(500);
    const late = awslambda.streamifyResponse(async (_event, stream) => {
      stream.write("begun");
      await rest(1);
      throw new Error("why");
    });
    const got = await answer("url", late, get);
    expect(got.status).toBe(200);
    await expect(got.text()).rejects.toThrow();
  });

  test("that does not end is cut off at the deadline", async () => {
    const endless = awslambda.streamifyResponse(async (_event, stream) => {
      stream.write("begun");
      await new Promise(() => undefined);
    });
    const got = await answer("url", endless, get, 300);
    await expect(got.text()).rejects.toThrow("did not end within");
  });

  test("goes on quietly where nobody reads it any more", async () => {
    let after = "not yet";
    const handler = awslambda.streamifyResponse(async (_event, stream) => {
      stream.write("begun");
      await rest(5);
      stream.write("nobody reads this");
      stream.end();
      after = "ended";
    });
    const got = await answer("url", handler, get);
    await got.body?.cancel();
    await rest(20);
    expect(after).toBe("ended");
  });

  test("is marked as Lambda's own runtime marks it, and what is not is not", async () => {
    const mark = Symbol.for("aws.lambda.runtime.handler.streaming");
    expect(
      Reflect.get(
        awslambda.streamifyResponse(() => undefined),
        mark,
      ),
    ).toBe("response");
    expect((await replyTo("url", { statusCode: 201 })).status).toBe(201);
  });
});
