// What every caller of services must do.
import assert from "node:assert/strict";
import type { ServiceCaller, ServiceRequest } from "../contracts/service-caller.ts";
import type { Case, Harness } from "./case.ts";

/** What came to the service. */
export interface ServiceArrival {
  readonly method: string;
  /** With its query, as it came. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface ServiceHarness extends Harness {
  readonly component: ServiceCaller;
  /** What the service does from now on. */
  answer(reply: (arrival: ServiceArrival) => Response | Promise<Response>): void;
  /** All that came to any other address than the service's. */
  strays(): number;
  /** An address beside the service's, which `strays` watches. */
  readonly elsewhere: string;
  /** A caller of a service that does not answer at all. */
  readonly unreachable?: ServiceCaller;
}

export const serviceCallerCases: readonly Case<ServiceHarness>[] = [
  {
    name: "method, path, query, headers and body arrive, and status, headers and body come back",
    async run({ component, answer }) {
      const seen = seenBy(answer, () =>
        reply("made", { status: 201, headers: { "x-made": "yes", "content-type": "text/x" } }),
      );
      const response = await component.call(
        ask("/a%20b/c%2Fd?q=1&q=%C3%A9", { method: "PATCH", headers: { "x-own": "1" }, body: bytes("sent") }),
      );
      const [arrival] = seen;
      assert.ok(arrival);
      assert.deepEqual([arrival.method, arrival.path], ["PATCH", "/a%20b/c%2Fd?q=1&q=%C3%A9"]);
      assert.equal(arrival.headers.get("x-own"), "1");
      assert.equal(text(arrival.body), "sent");
      assert.equal(response.status, 201);
      assert.equal(response.headers.get("x-made"), "yes");
      assert.match(response.headers.get("content-type") ?? "", /^text\/x/);
      assert.equal(await response.text(), "made");
    },
  },
  {
    name: "a stream arrives whole",
    async run({ component, answer }) {
      const seen = seenBy(answer, () => reply("ok"));
      const parts = [bytes("one "), bytes("two "), bytes("three")];
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const part = parts.shift();
          if (part) controller.enqueue(part);
          else controller.close();
        },
      });
      await component.call(ask("/", { method: "POST", body }));
      assert.equal(text(seen[0]?.body), "one two three");
    },
  },
  {
    name: "bytes come back byte for byte, and cookies one by one",
    async run({ component, answer }) {
      const sent = Uint8Array.from({ length: 256 }, (_, index) => index);
      const headers = new Headers([
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
      ]);
      seenBy(answer, () => new Response(sent, { headers }));
      const response = await component.call(ask("/"));
      assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
      assert.deepEqual(new Uint8Array(await response.arrayBuffer()), sent);
    },
  },
  ...[204, 304, 400, 401, 404, 409, 429, 500, 503].map(
    (status): Case<ServiceHarness> => ({
      name: `a status is a reply, and no error: ${status}`,
      async run({ component, answer }) {
        const seen = seenBy(answer, () => new Response(null, { status }));
        assert.equal((await component.call(ask("/"))).status, status);
        assert.equal(seen.length, 1);
      },
    }),
  ),
  ...[301, 302, 303, 307, 308].map(
    (status): Case<ServiceHarness> => ({
      name: `a redirect is returned, and not followed: ${status}`,
      async run({ component, answer, strays, elsewhere }) {
        const seen = seenBy(answer, () => new Response(null, { status, headers: { location: `${elsewhere}/next` } }));
        const response = await component.call(ask("/"));
        assert.equal(response.status, status);
        assert.equal(response.headers.get("location"), `${elsewhere}/next`);
        assert.deepEqual([seen.length, strays()], [1, 0]);
      },
    }),
  ),
  {
    name: "no path leads to another address",
    async run({ component, answer, strays, elsewhere }) {
      const { host } = new URL(elsewhere);
      const seen = seenBy(answer, () => reply("here"));
      for (const path of [
        elsewhere,
        `//${host}/`,
        `@${host}/`,
        `/\\${host}/`,
        `\\\\${host}/`,
        `.${host}/`,
        `:80@${host}/`,
        "",
      ]) {
        await component.call(ask(path)).catch(() => undefined);
      }
      assert.equal(strays(), 0);
      for (const { headers } of seen) assert.notEqual(headers.get("host"), host);
    },
  },
  {
    name: "an aborted signal rejects, and nothing is sent",
    async run({ component, answer }) {
      const seen = seenBy(answer, () => reply("ok"));
      await assert.rejects(component.call(ask("/"), { signal: AbortSignal.abort() }));
      assert.equal(seen.length, 0);
    },
  },
  {
    name: "at the deadline it rejects with TIMEOUT, and does not wait for the reply",
    async run({ component, answer }) {
      const { promise: over, resolve: end } = Promise.withResolvers<void>();
      answer(async () => {
        await over;
        return reply("late");
      });
      try {
        await assert.rejects(component.call(ask("/"), { signal: AbortSignal.timeout(50) }), { code: "TIMEOUT" });
      } finally {
        end();
      }
    },
  },
  {
    name: "what is given up for a reason of the caller's rejects with that reason",
    async run({ component, answer }) {
      const given = new AbortController();
      const reason = new Error("changed our mind");
      const { promise: over, resolve: end } = Promise.withResolvers<void>();
      answer(async () => {
        given.abort(reason);
        await over;
        return reply("late");
      });
      try {
        await assert.rejects(component.call(ask("/"), { signal: given.signal }), reason);
      } finally {
        end();
      }
    },
  },
  {
    name: "where nothing answers it rejects with UNAVAILABLE",
    needs: "unreachable",
    async run({ unreachable }) {
      await assert.rejects(async () => unreachable?.call(ask("/")), { code: "UNAVAILABLE" });
    },
  },
];

function ask(
  path: string,
  {
    method = "GET",
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: ServiceRequest["body"] } = {},
): ServiceRequest {
  return { method, path, headers: new Headers(headers), ...(body && { body }) };
}

/** Gives all that arrives. */
function seenBy(answer: ServiceHarness["answer"], response: () => Response): ServiceArrival[] {
  const seen: ServiceArrival[] = [];
  answer((arrival) => {
    seen.push(arrival);
    return response();
  });
  return seen;
}

function reply(body: string, init?: ResponseInit): Response {
  return new Response(body, init);
}

function bytes(from: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(from);
}

function text(from: Uint8Array | undefined): string {
  return new TextDecoder().decode(from);
}
