// What every host does alike, as data. The app is in `app/`; a host's own harness brings the calls in and the replies out.
//
// A reply is held to what is expected here, and, field by field, to what the local host answers (`comparable`).

/** One request, as it goes over the wire. */
export interface HostRequest {
  readonly method: string;
  /** Path and query, as they are. */
  readonly target: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Uint8Array;
}

export interface HostReply {
  readonly status: number;
  /** Lower-case names, without `set-cookie`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: Uint8Array;
}

export interface Exchange {
  readonly name: string;
  /** The function that answers; left out: none does. */
  readonly function?: string;
  readonly request: HostRequest;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  /** Of the body: exactly this JSON value, text, or these bytes. */
  readonly json?: unknown;
  readonly text?: string;
  readonly bytes?: Uint8Array;
  /** Of the body: this code, as problem+json. */
  readonly problem?: string;
  /** A line that the host's log then has. */
  readonly logged?: Logged;
}

/** These members, in one line of the log. */
export type Logged = Readonly<Record<string, unknown>>;

const get = (target: string, ...headers: (readonly [string, string])[]): HostRequest => ({
  method: "GET",
  target,
  headers,
});
const send = (method: string, target: string, body: string | Uint8Array, type?: string): HostRequest => ({
  method,
  target,
  body,
  headers: type === undefined ? [] : [["content-type", type]],
});
const nothing = { query: [], headers: {}, cookie: null, text: "" };
const allBytes = Uint8Array.from({ length: 1024 }, (_, index) => index % 256);

export const exchanges: readonly Exchange[] = [
  {
    name: "JSON in, JSON out",
    function: "sum",
    request: send("POST", "/sum", "[1, 2.5]", "application/json"),
    status: 200,
    headers: { "content-type": "application/json" },
    json: { sum: 3.5 },
  },
  {
    name: "JSON of another media type",
    function: "sum",
    request: send("POST", "/sum", "[1]", "application/vnd.example+json; charset=utf-8"),
    status: 200,
    json: { sum: 1 },
  },
  {
    name: "a query as it was sent, repeats and empty values too",
    function: "echo",
    request: get("/echo/q?a=1&a=2&empty=&bare&sp=a+b%20c&%C3%BC=%26&list[]=x"),
    status: 200,
    json: {
      ...nothing,
      method: "GET",
      pathname: "/echo/q",
      rest: "q",
      query: [
        ["a", "1"],
        ["a", "2"],
        ["empty", ""],
        ["bare", ""],
        ["sp", "a b c"],
        ["ü", "&"],
        ["list[]", "x"],
      ],
    },
  },
  {
    name: "headers, repeated ones too, and cookies",
    function: "echo",
    request: get("/echo/h", ["X-Echo-A", "1"], ["x-echo-a", "2"], ["x-echo-b", "plain"], ["cookie", "a=1; b=2"]),
    status: 200,
    json: {
      ...nothing,
      method: "GET",
      pathname: "/echo/h",
      rest: "h",
      headers: { "x-echo-a": ["1", "2"], "x-echo-b": ["plain"] },
      cookie: "a=1; b=2",
    },
  },
  {
    name: "a percent-encoded path, the rest of a wildcard as it came",
    function: "echo",
    request: get("/echo/a%20b/%C3%BC%2Fd//e/"),
    status: 200,
    json: { ...nothing, method: "GET", pathname: "/echo/a%20b/%C3%BC%2Fd//e/", rest: "a%20b/%C3%BC%2Fd//e/" },
  },
  {
    name: "dot segments, which are resolved",
    function: "echo",
    request: get("/echo/a/./b/../%2e%2e/c"),
    status: 200,
    json: { ...nothing, method: "GET", pathname: "/echo/c", rest: "c" },
  },
  {
    name: "a backslash, which is a slash",
    function: "echo",
    request: get("/echo/a\\b"),
    status: 200,
    json: { ...nothing, method: "GET", pathname: "/echo/a/b", rest: "a/b" },
  },
  {
    name: "a method of which nobody thinks",
    function: "echo",
    request: { method: "PURGE", target: "/echo/x" },
    status: 200,
    json: { ...nothing, method: "PURGE", pathname: "/echo/x", rest: "x" },
  },
  {
    name: "headers in Latin-1, in and out",
    function: "mirror",
    request: get("/mirror", ["x-name", "Gr\u00fc\u00dfe"]),
    status: 200,
    headers: { "x-name": "Gr\u00fc\u00dfe" },
    json: ["Gr\u00fc\u00dfe"],
  },
  {
    name: "a header that cannot be sent",
    function: "mirror",
    request: get("/mirror?world"),
    status: 500,
    problem: "INTERNAL",
    logged: { level: "error", message: "failed", function: "mirror" },
  },
  {
    name: "a wildcard's own path",
    function: "echo",
    request: get("/echo"),
    status: 200,
    json: { ...nothing, method: "GET", pathname: "/echo", rest: "" },
  },
  {
    name: "parameters, decoded",
    function: "parameters",
    request: get("/things/a%20b%2Fc/parts/%F0%9F%8C%8D+1"),
    status: 200,
    json: { thing: "a b/c", part: "🌍+1" },
  },
  {
    name: "a fixed segment before a parameter",
    function: "fixedPart",
    request: get("/things/x/parts/main"),
    status: 200,
    json: "main",
  },
  {
    name: "a path with broken percent-encoding",
    request: get("/echo/%zz"),
    status: 400,
    problem: "INVALID",
  },
  { name: "an unknown path", request: get("/nowhere"), status: 404, problem: "NOT_FOUND" },
  {
    name: "a known path with another method",
    request: send("DELETE", "/sum", ""),
    status: 405,
    headers: { allow: "POST" },
    problem: "UNSUPPORTED",
  },
  {
    name: "a text with umlauts, an emoji and a byte order mark",
    function: "text",
    request: get("/text"),
    status: 200,
    headers: { "content-type": "text/plain; charset=utf-8" },
    bytes: new TextEncoder().encode("\uFEFFGrüße, 世界 🌍\n"),
  },
  {
    name: "the same text in",
    function: "echo",
    request: send("POST", "/echo/text", "\uFEFFGrüße, 世界 🌍\n", "text/plain;charset=utf-8"),
    status: 200,
    json: {
      ...nothing,
      method: "POST",
      pathname: "/echo/text",
      rest: "text",
      headers: { "content-type": ["text/plain;charset=utf-8"] },
      text: "Grüße, 世界 🌍\n",
    },
  },
  {
    name: "a form, unparsed",
    function: "echo",
    request: send("POST", "/echo/form", "a=1&b=%20+", "application/x-www-form-urlencoded"),
    status: 200,
    json: {
      ...nothing,
      method: "POST",
      pathname: "/echo/form",
      rest: "form",
      headers: { "content-type": ["application/x-www-form-urlencoded"] },
      text: "a=1&b=%20+",
    },
  },
  {
    name: "all bytes, in and out",
    function: "bytes",
    request: send("PUT", "/bytes", allBytes, "application/octet-stream"),
    status: 200,
    headers: { "content-type": "application/octet-stream", "x-length": "1024" },
    bytes: allBytes,
  },
  {
    name: "bytes that call themselves text",
    function: "bytes",
    request: send("PUT", "/bytes", Uint8Array.of(0xff, 0xfe, 0, 0xe9), "text/plain"),
    status: 200,
    bytes: Uint8Array.of(0xff, 0xfe, 0, 0xe9),
  },
  {
    name: "a body without a content type",
    function: "bytes",
    request: send("PUT", "/bytes", Uint8Array.of(0, 1, 2, 253)),
    status: 200,
    bytes: Uint8Array.of(0, 1, 2, 253),
  },
  {
    name: "no body",
    function: "bytes",
    request: { method: "PUT", target: "/bytes" },
    status: 200,
    headers: { "x-length": "0" },
    bytes: new Uint8Array(),
  },
  {
    name: "an empty body that calls itself JSON",
    function: "echo",
    request: send("POST", "/echo/none", "", "application/json"),
    status: 200,
    json: {
      ...nothing,
      method: "POST",
      pathname: "/echo/none",
      rest: "none",
      headers: { "content-type": ["application/json"] },
    },
  },
  {
    name: "a body of 4 MiB",
    function: "bytes",
    request: send("PUT", "/bytes", new Uint8Array(4 * 1024 * 1024).fill(7), "application/octet-stream"),
    status: 200,
    headers: { "x-length": String(4 * 1024 * 1024) },
  },
  {
    name: "a body of one byte more",
    function: "bytes",
    request: send("PUT", "/bytes", new Uint8Array(4 * 1024 * 1024 + 1), "application/octet-stream"),
    status: 413,
    problem: "TOO_LARGE",
  },
  {
    name: "JSON that is none",
    function: "sum",
    request: send("POST", "/sum", "[1,", "application/json"),
    status: 400,
    problem: "INVALID",
  },
  { name: "an empty reply", function: "empty", request: get("/empty"), status: 200, text: "" },
  {
    name: "several cookies, with attributes and odd values",
    function: "cookies",
    request: get("/cookies"),
    status: 200,
    headers: { "x-beside": "1" },
    cookies: [
      "plain=1",
      "session=a%20b; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax",
      "odd=x=y&z!~; Domain=example.com; Expires=Wed, 21 Oct 2037 07:28:00 GMT",
      "gone=; Max-Age=0",
    ],
    text: "four cookies",
  },
  { name: "204", function: "status", request: get("/status/204"), status: 204, headers: { etag: '"v1"' }, text: "" },
  { name: "304", function: "status", request: get("/status/304"), status: 304, headers: { etag: '"v1"' }, text: "" },
  { name: "201 without a body", function: "status", request: get("/status/201"), status: 201, text: "" },
  { name: "a status of the application's own", function: "status", request: get("/status/599"), status: 599, text: "" },
  {
    name: "a redirect, not followed",
    function: "redirect",
    request: get("/redirect"),
    status: 307,
    headers: { location: "/elsewhere?a=b%20c" },
    text: "",
  },
  { name: "HEAD", function: "echo", request: { method: "HEAD", target: "/echo/head" }, status: 200, text: "" },
  {
    name: "only services: without a proof",
    function: "forServices",
    request: get("/for-services", ["authorization", "Bearer made-up"], ["x-faasten-caller", "service"]),
    status: 401,
    headers: { "www-authenticate": "Bearer" },
    problem: "UNAUTHENTICATED",
  },
  {
    name: "a handler that throws",
    function: "throws",
    request: get("/throws"),
    status: 500,
    problem: "INTERNAL",
    logged: { level: "error", message: "failed", function: "throws" },
  },
  {
    name: "a handler that throws a text",
    function: "throwsText",
    request: get("/throws-text"),
    status: 500,
    problem: "INTERNAL",
    logged: { level: "error", message: "failed", function: "throwsText", error: "an inner text" },
  },
  {
    name: "an error with a status",
    function: "conflict",
    request: get("/conflict"),
    status: 409,
    problem: "CONFLICT",
  },
  {
    name: "what is no reply",
    function: "nonsense",
    request: get("/nonsense"),
    status: 500,
    problem: "INTERNAL",
    logged: { level: "error", message: "failed", function: "nonsense" },
  },
  {
    name: "a reply whose body somebody else reads",
    function: "locked",
    request: get("/locked"),
    status: 500,
    problem: "INTERNAL",
    logged: { level: "error", message: "failed", function: "locked" },
  },
  {
    name: "what only calls itself a reply",
    function: "impostor",
    request: get("/impostor"),
    status: 500,
    problem: "INTERNAL",
    logged: { level: "error", message: "failed", function: "impostor" },
  },
  {
    name: "a handler that throws what cannot be looked at",
    function: "throwsHostile",
    request: get("/throws-hostile"),
    status: 500,
    problem: "INTERNAL",
    logged: { level: "error", message: "failed", function: "throwsHostile" },
  },
  {
    name: "a body that is a stream, read before it is sent",
    function: "read",
    request: get("/read"),
    status: 200,
    headers: { "content-type": "text/plain" },
    text: "first second",
  },
  {
    name: "such a body that breaks",
    function: "breaks",
    request: get("/breaks"),
    status: 500,
    problem: "INTERNAL",
    logged: { level: "error", message: "failed", function: "breaks" },
  },
  {
    name: "such a body of texts",
    function: "tells",
    request: get("/tells"),
    status: 500,
    problem: "INTERNAL",
    logged: { level: "error", message: "failed", function: "tells" },
  },
  {
    name: "such a body without an end: first the signal fires, then the run is given up",
    function: "endless",
    request: get("/endless"),
    status: 504,
    problem: "TIMEOUT",
    logged: { level: "warn", message: "the signal fired", function: "endless" },
  },
  {
    name: "one that gives parts for ever, and never waits",
    function: "floods",
    request: get("/floods"),
    status: 504,
    problem: "TIMEOUT",
    logged: { level: "warn", message: "the signal fired", function: "floods" },
  },
  {
    name: "a handler without an end: first its signal fires, then it is given up",
    function: "never",
    request: get("/never"),
    status: 504,
    problem: "TIMEOUT",
    logged: { level: "warn", message: "the signal fired", function: "never" },
  },
  {
    name: "a rejection that nobody awaits, while the handler runs",
    function: "floats",
    request: get("/floats"),
    status: 500,
    problem: "INTERNAL",
    logged: { level: "error", message: "an error that nobody caught", function: "floats" },
  },
  {
    name: "a rejection that nobody awaits, after the reply",
    function: "floatsLater",
    request: get("/floats-later"),
    status: 200,
    text: "answered",
    logged: { level: "error", message: "an error that nobody caught", function: "floatsLater" },
  },
];

/** A reply that is cut off while it is sent, after its first part: it has no end that could be taken for one. */
export interface Cut {
  readonly name: string;
  /** More parts follow. */
  readonly endless?: true;
  readonly function: string;
  readonly target: string;
  readonly logged: readonly Logged[];
}

export const cuts: readonly Cut[] = [
  {
    name: "a stream that breaks",
    function: "breaksOff",
    target: "/breaks-off",
    logged: [{ level: "error", message: "failed", function: "breaksOff" }],
  },
  {
    name: "a stream of texts",
    function: "tellsOn",
    target: "/tells-on",
    logged: [{ level: "error", message: "failed", function: "tellsOn" }],
  },
  {
    name: "a stream without an end: first the signal fires, then the run is given up",
    function: "goesOn",
    target: "/goes-on",
    logged: [
      { level: "warn", message: "the signal fired", function: "goesOn" },
      { level: "error", message: "failed", function: "goesOn" },
    ],
  },
  {
    name: "a stream that gives parts for ever, and never waits",
    function: "floodsOn",
    target: "/floods-on",
    endless: true,
    logged: [
      { level: "warn", message: "the signal fired", function: "floodsOn" },
      { level: "error", message: "failed", function: "floodsOn" },
    ],
  },
  {
    name: "a stream that fails with what throws at any touch",
    function: "hostileOn",
    target: "/hostile-on",
    logged: [{ level: "error", message: "failed", function: "hostileOn" }],
  },
  {
    name: "a rejection that nobody awaits, while the reply is sent",
    function: "floatsOn",
    target: "/floats-on",
    logged: [
      { level: "error", message: "an error that nobody caught", function: "floatsOn" },
      { level: "error", message: "failed", function: "floatsOn" },
    ],
  },
];

/** One message, as its broker holds it. */
export interface Message {
  readonly id: string;
  readonly body: string | Uint8Array;
  /** The event in the message is one of ours, as structured JSON. */
  readonly ours?: true;
  readonly attempt?: number;
  readonly order?: string;
}

export interface Delivery {
  readonly name: string;
  /** The subscriber. */
  readonly to: string;
  readonly message: Message;
  readonly outcome: "acknowledged" | "again";
  /** Lines that the host's log then has. */
  readonly logged?: readonly Logged[];
  /** No handler may have seen it. */
  readonly unseen?: true;
}

const traceId = "0af7651916cd43dd8448eb211c80319c";
const task = (what: string): string => JSON.stringify({ do: what, key: "k" });
const ours = (id: string, what: string): Message => ({
  id,
  ours: true,
  body: JSON.stringify({
    specversion: "1.0",
    id,
    source: "elsewhere",
    type: "task.made",
    subject: "a task",
    datacontenttype: "application/json",
    traceparent: `00-${traceId}-b7ad6b7169203331-01`,
    data: JSON.parse(task(what)),
  }),
});
/** Nothing but the data, from somebody who knows no CloudEvents. */
const foreign = (id: string, body: string | Uint8Array): Message => ({ id, body });

/**
 * Each alone; batches are a host's own. The clouds' brokers store the dead; here, where none does yet, a dead one is not
 * acknowledged, so that the platform puts it among its own dead letters.
 */
export const deliveries: readonly Delivery[] = [
  {
    name: "an event of ours, as it was published",
    to: "work",
    message: ours("event-done", "done"),
    outcome: "acknowledged",
    logged: [
      {
        message: "saw",
        event: "event-done",
        source: "elsewhere",
        type: "task.made",
        subject: "a task",
        key: "k",
        traceId,
      },
    ],
  },
  {
    name: "a handler that throws",
    to: "work",
    message: ours("event-throw", "throw"),
    outcome: "again",
    logged: [{ message: "failed", function: "work", trace: traceId }],
  },
  {
    name: "a handler that throws what cannot be looked at",
    to: "work",
    message: ours("event-hostile", "hostile"),
    outcome: "again",
    logged: [{ message: "failed", function: "work" }],
  },
  { name: "one to come again", to: "work", message: ours("event-retry", "retry"), outcome: "again" },
  { name: "one to come again later", to: "work", message: ours("event-later", "later"), outcome: "again" },
  {
    name: "one that the handler gives up",
    to: "work",
    message: ours("event-dead", "dead"),
    outcome: "again",
    logged: [{ message: "dead", event: "event-dead", reason: "of no use" }],
  },
  {
    name: "one that the handler drops",
    to: "work",
    message: ours("event-drop", "drop"),
    outcome: "acknowledged",
    logged: [{ message: "dropped", event: "event-drop", reason: "not for us" }],
  },
  {
    name: "a rejection that nobody awaits",
    to: "work",
    message: ours("event-float", "float"),
    outcome: "again",
    logged: [{ message: "an error that nobody caught", function: "work" }],
  },
  {
    name: "a foreign message of JSON",
    to: "work",
    message: foreign("message-1", task("done")),
    outcome: "acknowledged",
    logged: [{ message: "saw", key: "k" }],
  },
  {
    name: "a foreign message that does not fit the schema",
    to: "work",
    message: foreign("message-2", '{"do":"nothing"}'),
    outcome: "again",
    logged: [{ message: "dead", function: "work" }],
    unseen: true,
  },
  {
    name: "a foreign message that is not JSON",
    to: "work",
    message: foreign("message-3", "no JSON, ü"),
    outcome: "again",
    logged: [{ message: "dead", function: "work" }],
    unseen: true,
  },
  {
    name: "an ordered one",
    to: "workInOrder",
    message: { ...ours("event-ordered", "done"), order: "k" },
    outcome: "acknowledged",
    logged: [{ message: "saw", event: "event-ordered" }],
  },
  {
    name: "one alone, to a subscriber that takes many",
    to: "workTogether",
    message: ours("event-many", "done"),
    outcome: "acknowledged",
    logged: [{ message: "saw", event: "event-many" }],
  },
  {
    name: "bytes that are no text, to a subscriber that takes anything",
    to: "keep",
    message: foreign("message-4", allBytes),
    outcome: "acknowledged",
    logged: [{ message: "saw", base64: Buffer.from(allBytes).toString("base64") }],
  },
];

/** What two hosts must agree on: neither the headers of the connection, nor what is of one moment. */
export function comparable(reply: HostReply): unknown {
  const headers = Object.entries(reply.headers).filter(([name]) => !ofTheConnection.has(name));
  const problem = reply.headers["content-type"] === "application/problem+json";
  return {
    status: reply.status,
    headers: Object.fromEntries(headers.sort(([a], [b]) => (a < b ? -1 : 1))),
    cookies: reply.cookies,
    body: problem
      ? timeless(JSON.parse(Buffer.from(reply.body).toString()))
      : Buffer.from(reply.body).toString("base64"),
  };
}

const ofTheConnection: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "transfer-encoding",
]);

function timeless({ instance, detail, ...problem }: Readonly<Record<string, unknown>>): unknown {
  return { ...problem, instance: typeof instance, detail: String(detail).replaceAll(/\d+ ms/g, "… ms") };
}
