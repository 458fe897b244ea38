// node:http in and out over real sockets: odd targets, large and broken bodies, streams, and clients that go away.
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { fromNode, readBody, writeReply } from "../../../src/runtime/node-http.ts";
import { Response as LazyResponse, type Reply, toReply } from "../../../src/runtime/response.ts";

type Answer = (message: IncomingMessage, response: ServerResponse) => Promise<void>;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function serve(answer: Answer): Promise<number> {
  const started = createServer((message, response) => void answer(message, response).catch(() => response.destroy()));
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const address = started.address();
  return typeof address === "object" && address ? address.port : 0;
}

/** Everything that comes back on a socket for what is written to it. */
function exchange(port: number, written: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(written));
    let received = "";
    socket.setEncoding("utf8");
    socket.on("data", (text) => {
      received += text;
    });
    socket.on("end", () => resolve(received)).on("error", reject);
  });
}

interface Got {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

function get(port: number, method = "GET"): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", method, agent: false }, (message) => {
      let body = "";
      message.setEncoding("utf8");
      message.on("data", (text) => {
        body += text;
      });
      message.on("end", () => resolve({ status: message.statusCode, headers: message.headers, body }));
      message.on("error", reject);
    });
    sent.on("error", reject).end();
  });
}

const reply = (body: Reply["body"], more: Partial<Reply> = {}): Reply => ({
  status: 200,
  headers: [],
  cookies: [],
  body,
  ...more,
});

describe("fromNode", () => {
  const targets = [
    ["/a%20b//c/../d?x=%zz&y", "h:1", "/a%20b//d", "http://h:1/a%20b//d?x=%zz&y"],
    ["/a\\b/%2E%2e/c?d=\\", "h:1", "/a/c", "http://h:1/a/c?d=\\"],
    ["/", "h", "/", "http://h/"],
    ["//evil/x", "h", "//evil/x", "http://h//evil/x"],
    ["http://other:8/p?q", "h", "/p", "http://other:8/p?q"],
    ["http://other", "h", "/", "http://other/"],
    ["HTTP://other?q", "h", "/", "http://other/?q"],
    ["*", "h", "*", "http://h/"],
    ["/x", "[::1]:80", "/x", "http://[::1]/x"],
    ["/x", "user@evil", "/x", "http://localhost/x"],
    ["/x", "evil/y?", "/x", "http://localhost/x"],
    ["/x", "h:99999", "/x", "http://localhost/x"],
    ["/x", "", "/x", "http://localhost/x"],
  ] as const;

  test.each(targets)("%s of %s", async (target, host, path, url) => {
    const port = await serve(async (message, response) => {
      const found = fromNode(message, undefined);
      response.end(JSON.stringify([found.path, found.request.url, found.request.method]));
    });
    const method = target === "*" ? "OPTIONS" : "GET";
    const answer = await exchange(port, `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    expect(answer.split("\r\n\r\n")[1]).toContain(JSON.stringify([path, url, method]).slice(1, -1));
  });

  test("hands on headers and body, and the protocol it is told", async () => {
    const port = await serve(async (message, response) => {
      const { request: lazy } = fromNode(message, await readBody(message, 100), "https");
      const told = [lazy.url, lazy.headers.get("x-a"), lazy.headers.get("cookie"), lazy.headers.get("constructor")];
      response.end(JSON.stringify([...told, await lazy.text()]));
    });
    const lines = ["POST /x HTTP/1.1", "host: h", "x-a: 1", "x-a: 2", "cookie: a=1", "cookie: b=2", "__proto__: x"];
    const answer = await exchange(port, `${lines.join("\r\n")}\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc`);
    expect(answer).toContain(JSON.stringify(["https://h/x", "1, 2", "a=1; b=2", null, "abc"]));
  });
});

describe("readBody", () => {
  async function read(written: string, limit = 10): Promise<string> {
    const port = await serve(async (message, response) => {
      const body = await readBody(message, limit);
      response.end(body ? `<${body.length}>` : "none");
    });
    const text = await exchange(port, `POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n${written}`);
    return text.split("\r\n\r\n")[1] ?? "";
  }

  test("is the whole body, and none where there is none", async () => {
    expect(await read("content-length: 10\r\n\r\n0123456789")).toContain("<10>");
    expect(await read("transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")).toContain("<5>");
    expect(await read("content-length: 0\r\n\r\n")).toContain("none");
    expect(await read("\r\n")).toContain("none");
  });

  test("stops one byte behind the limit, and the client still gets its answer", async () => {
    expect(await read(`content-length: 11\r\n\r\n${"x".repeat(11)}`)).toContain("<11>");
    expect(await read(`content-length: 300000\r\n\r\n${"x".repeat(300_000)}`)).toContain("<11>");
    // The rest never comes: it is not waited for.
    expect(await read("content-length: 300000\r\n\r\n01234567890")).toContain("<11>");
  });

  test("rejects when the client goes away, before or meanwhile", async () => {
    const failures: unknown[] = [];
    let done = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      done = resolve;
    });
    const port = await serve(async (message) => {
      await readBody(message, 10).catch((error: unknown) => failures.push(error));
      await readBody(message, 10).catch((error: unknown) => failures.push(error));
      done();
    });
    const socket = connect(port, "127.0.0.1", () => {
      socket.write("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\nabc", () =>
        setTimeout(() => socket.destroy(), 20),
      );
    });
    await finished;
    expect(failures).toHaveLength(2);
    for (const failure of failures) expect(failure).toMatchObject({ code: "INVALID" });
  });

  test("rejects when the message is destroyed by whoever else holds it", async () => {
    let failure: unknown;
    const port = await serve(async (message) => {
      const body = readBody(message, 10);
      message.removeAllListeners("error").on("error", () => undefined);
      message.destroy();
      await body.catch((error: unknown) => {
        failure = error;
      });
    });
    await exchange(port, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\nabc").catch(() => undefined);
    expect(failure).toMatchObject({ code: "INVALID" });
  });

  test("does not wait for a body that was read already", async () => {
    const port = await serve(async (message, response) => {
      await readBody(message, 10);
      response.end(String(await readBody(message, 10)));
    });
    expect((await get(port)).body).toBe("undefined");
  });
});

describe("writeReply", () => {
  test("a header in Latin-1 beside a text in UTF-8", async () => {
    const headers = [["x-name", "Grüße"]] as const;
    const port = await serve((_message, response) =>
      writeReply(response, reply("世界", { headers, cookies: ["ü=1"] })),
    );
    const got = await get(port);
    expect([got.headers["x-name"], got.headers["set-cookie"], got.body]).toEqual(["Grüße", ["ü=1"], "世界"]);
  });

  test("writes status, headers, cookies and a buffered body with its length", async () => {
    const port = await serve((_message, response) =>
      writeReply(response, {
        status: 201,
        headers: [
          ["content-type", "text/plain"],
          ["transfer-encoding", "chunked"],
          ["content-length", "999"],
          ["connection", "upgrade"],
        ],
        cookies: ["a=1", "b=2; path=/"],
        body: "grüße",
      }),
    );
    const got = await get(port);
    expect(got).toMatchObject({ status: 201, body: "grüße" });
    expect(got.headers).toMatchObject({ "content-type": "text/plain", "content-length": "7" });
    expect(got.headers["set-cookie"]).toEqual(["a=1", "b=2; path=/"]);
    expect(got.headers["transfer-encoding"]).toBeUndefined();
    expect(got.headers.connection).not.toContain("upgrade");
  });

  test("writes what the lazy Response holds", async () => {
    const port = await serve((_message, response) => writeReply(response, toReply(LazyResponse.json({ a: 1 }))));
    expect(await get(port)).toMatchObject({
      status: 200,
      body: '{"a":1}',
      headers: { "content-type": "application/json" },
    });
  });

  test.each([
    ["HEAD", 200, "5"],
    ["GET", 204, undefined],
    ["GET", 304, undefined],
  ])("%s with %i has no body", async (method, status, length) => {
    for (const body of ["hello", new Uint8Array(5)]) {
      const port = await serve((message, response) =>
        writeReply(response, reply(body, { status }), message.method === "HEAD"),
      );
      const got = await get(port, method);
      expect(got).toMatchObject({ status, body: "" });
      expect(got.headers["content-length"]).toBe(length);
      server?.close();
    }
  });

  test("cancels the stream that a reply without body has", async () => {
    for (const [method, status] of [
      ["HEAD", 200],
      ["GET", 204],
    ] as const) {
      const { stream, cancelled } = endless();
      const port = await serve((message, response) =>
        writeReply(response, reply(stream, { status }), message.method === "HEAD"),
      );
      expect((await get(port, method)).body).toBe("");
      await cancelled;
      server?.close();
    }
  });

  test("sends headers before the first part of a stream, and each part as it comes", async () => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const stream = new ReadableStream<Uint8Array>({
      start(made) {
        controller = made;
      },
    });
    const port = await serve((_message, response) => writeReply(response, reply(stream)));
    const seen: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const sent = request({ port, host: "127.0.0.1", agent: false }, (message) => {
        seen.push("headers");
        controller?.enqueue(Buffer.from("one"));
        message.on("data", (part) => {
          seen.push(String(part));
          if (seen.length === 2) controller?.enqueue(Buffer.from("two"));
          else controller?.close();
        });
        message.on("end", resolve);
      });
      sent.on("error", reject).end();
    });
    expect(seen).toEqual(["headers", "one", "two"]);
  });

  test("waits for a slow client, and holds no more than a buffer meanwhile", async () => {
    const part = Buffer.alloc(64 * 1024, "x");
    let pulled = 0;
    const stream = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (++pulled > 400) controller.close();
          else controller.enqueue(part);
        },
      },
      { highWaterMark: 0 },
    );
    let settled = false;
    const port = await serve(async (_message, response) => {
      await writeReply(response, reply(stream));
      settled = true;
    });
    const total = await new Promise<number>((resolve, reject) => {
      const sent = request({ port, host: "127.0.0.1", agent: false }, (message) => {
        let size = 0;
        setTimeout(() => {
          // What the two sockets and node's buffers take is less than all of it.
          expect.soft(pulled).toBeLessThan(400);
          expect.soft(settled).toBe(false);
          message.on("data", (got: Uint8Array) => {
            size += got.byteLength;
          });
          message.on("end", () => resolve(size));
        }, 200);
      });
      sent.on("error", reject).end();
    });
    expect(total).toBe(400 * part.length);
  });

  test.each(["at once", "while it waits for the next part", "while it waits for the client"])(
    "cancels the stream of a client that goes away %s, and resolves",
    async (when) => {
      const { stream, cancelled } = when === "while it waits for the client" ? flood() : endless();
      let resolved: Promise<void> | undefined;
      const port = await serve(async (message, response) => {
        if (when === "at once") {
          message.socket.destroy();
          await new Promise((resolve) => response.once("close", resolve));
        }
        resolved = writeReply(response, reply(stream));
        await resolved;
      });
      await new Promise<void>((resolve) => {
        const sent = request({ port, host: "127.0.0.1", agent: false }, (message) => {
          message.on("error", () => undefined);
          setTimeout(() => message.destroy(), 50);
        });
        sent.on("error", () => undefined);
        sent.on("close", resolve);
        sent.end();
      });
      await cancelled;
      await expect(resolved).resolves.toBeUndefined();
    },
  );

  test("cuts a reply off whose stream fails, and rejects", async () => {
    let sentOne = false;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sentOne) controller.error(new Error("boom"));
        else controller.enqueue(Buffer.from("half"));
        sentOne = true;
      },
    });
    let failed: unknown;
    const port = await serve(async (_message, response) => {
      await writeReply(response, reply(stream)).catch((error: unknown) => {
        failed = error;
      });
    });
    await expect(get(port)).rejects.toThrow();
    expect(failed).toMatchObject({ message: "boom" });
  });

  test("rejects a header that HTTP cannot carry before anything is sent, and cancels the stream", async () => {
    const { stream, cancelled } = endless();
    const port = await serve(async (_message, response) => {
      await expect(writeReply(response, reply(stream, { headers: [["x-a", "a\nb"]] }))).rejects.toThrow(TypeError);
      expect(response.headersSent).toBe(false);
      await writeReply(response, reply("sorry", { status: 500 }));
    });
    expect(await get(port)).toMatchObject({ status: 500, body: "sorry" });
    await cancelled;
  });
});

/** One part, and then none for ever. `cancelled` resolves once somebody gives up on it. */
function endless(): { stream: ReadableStream<Uint8Array>; cancelled: Promise<void> } {
  let cancel = (): void => undefined;
  const cancelled = new Promise<void>((resolve) => {
    cancel = resolve;
  });
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from("x")),
    cancel,
  });
  return { stream, cancelled };
}

/** More than any client that does not read will take. */
function flood(): { stream: ReadableStream<Uint8Array>; cancelled: Promise<void> } {
  let cancel = (): void => undefined;
  const cancelled = new Promise<void>((resolve) => {
    cancel = resolve;
  });
  const part = Buffer.alloc(256 * 1024);
  return {
    stream: new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(part), cancel }),
    cancelled,
  };
}
