// What the ways of a request to a Lambda function have in common: its path, its headers, and the reply.
import {
  FaastenError,
  isOfConnection,
  type Outcome,
  type Reply,
  toBuffered,
  toPath,
  toReply,
} from "../../src/provider.ts";

/** As API Gateway, Function URLs and load balancers read a body. */
export interface ResultBody {
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** The whole shape, always: of a reply without a status API Gateway makes another one. */
export interface HttpResult extends ResultBody {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
}

/** Bytes of JSON that Lambda hands on. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const largestResult = 6 * 1024 * 1024;

/** The one reply that a request gets, in the caller's own form, of `most` bytes as JSON; throws `TOO_LARGE` where it has more. */
export function encodeReply<Result>(
  [outcome]: readonly Outcome[],
  toResult: (reply: Reply, body: ResultBody) => Result,
  most: number = largestResult,
): Result | Promise<Result> {
  if (outcome?.kind !== "reply") throw new FaastenError("INTERNAL", "a request is answered with a reply");
  const reply = toReply(outcome.response);
  const finish = (whole: string | Uint8Array | undefined): Result => {
    const body = toText(whole);
    const result = toResult(reply, body);
    // As JSON, a character has six bytes at most, and the headers are few.
    if (body.body.length * 8 < most || sizeOf(result) <= most) return result;
    // What JSON has to escape is shorter in base64.
    const packed = toResult(reply, toText(Buffer.from(whole ?? "")));
    const bytes = sizeOf(packed);
    if (bytes <= most) return packed;
    const mend = "let the function have `stream: true`, or send a link to what is stored";
    // Without it, the platform answers 502 and says nothing.
    throw new FaastenError("TOO_LARGE", `the reply has ${bytes} bytes, and the platform takes ${most}: ${mend}`);
  };
  const body = toBuffered(reply.body);
  return body instanceof Promise ? body.then(finish) : finish(body);
}

function sizeOf(result: unknown): number {
  return Buffer.byteLength(JSON.stringify(result));
}

/** Cookies in a list of their own. */
export function toHttpResult({ status, headers, cookies }: Reply, body: ResultBody): HttpResult {
  return {
    statusCode: status,
    headers: sentHeaders(headers),
    ...(cookies.length > 0 && { cookies }),
    ...body,
  };
}

/** Without those of the connection, which are the front end's own. */
export function sentHeaders(headers: Reply["headers"]): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const [name, value] of headers) if (!isOfConnection(name)) sent[name] = value;
  return sent;
}

/**
 * Some front ends hand the path over percent-decoded, some as it came. What can be no part of an encoded path is
 * encoded, and the rest is left alone: a slash or a percent sign that the client had encoded is not to be told any more.
 */
export function encodedPath(path: string): string {
  return toPath(isEncoded.test(path) ? path : path.toWellFormed().replace(unencoded, encodeURIComponent));
}

const isEncoded = /^(?:[\w\-.~!$&'()*+,;=:@/]|%[\da-f]{2})*$/i;
const unencoded = /%(?![\da-f]{2})|[^\w\-.~!$&'()*+,;=:@/%]+/gi;

/** Names in lower case, the values of one name joined. Lists go first: the plain ones hold but the last value of each. */
export function joinedHeaders(
  headers: Readonly<Record<string, string>> | null | undefined,
  lists: Readonly<Record<string, readonly string[]>> | null | undefined,
): Readonly<Record<string, string>> {
  const joined: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers ?? {})) joined[name.toLowerCase()] = `${value}`;
  for (const [name, values] of Object.entries(lists ?? {}))
    if (Array.isArray(values)) joined[name.toLowerCase()] = values.join(/^cookie$/i.test(name) ? "; " : ", ");
  return joined;
}

/** A host that the client named, and nothing that would make another URL of it. */
export function hostIn(headers: Readonly<Record<string, string>>): string {
  const { host = "" } = headers;
  return host !== "" && !/[/?#@\\\s]/.test(host) && URL.canParse(`http://${host}`) ? host : "localhost";
}

function toText(body: string | Uint8Array | undefined): ResultBody {
  if (!(body instanceof Uint8Array)) return { body: body ?? "", isBase64Encoded: false };
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return { body: bytes.toString("base64"), isBase64Encoded: true };
}
