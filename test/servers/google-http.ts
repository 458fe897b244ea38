// What contract servers of Google's REST APIs have in common: JSON in and out, a token for every call, errors in Google's form.
// https://docs.cloud.google.com/apis/design/errors
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `undefined`: there is no such method. */
export type Route = (
  request: IncomingMessage,
  url: URL,
  body: Buffer,
) => Answer | undefined | Promise<Answer | undefined>;

export interface GoogleServer {
  readonly url: string;
  /** Tokens that are not taken any more. */
  readonly refused: Set<string>;
  close(): Promise<void>;
}

/** What a method rejects with; `code` as google.rpc.Code has it. */
export class Refusal extends Error {
  readonly code: keyof typeof statuses;
  constructor(code: keyof typeof statuses, message: string) {
    super(message);
    this.code = code;
  }
}

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const statuses = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  UNIMPLEMENTED: 501,
} as const;

export async function startGoogle(route: Route): Promise<GoogleServer> {
  const refused = new Set<string>();
  const server = createServer(async (request, response) => {
    const { status, body, headers } = await answer(request);
    const json = !Buffer.isBuffer(body);
    response.writeHead(status, { ...(json && { "content-type": "application/json; charset=UTF-8" }), ...headers });
    response.end(json ? JSON.stringify(body) : body);
  });

  async function answer(request: IncomingMessage): Promise<Answer> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    try {
      const token = request.headers.authorization?.replace(/^Bearer /, "");
      if (!token || refused.has(token))
        throw new Refusal("UNAUTHENTICATED", `Request had invalid authentication credentials: ${token}`);
      const url = new URL(request.url ?? "/", "http://localhost");
      return (await route(request, url, Buffer.concat(parts))) ?? refusal(new Refusal("UNIMPLEMENTED", url.pathname));
    } catch (error) {
      if (error instanceof Refusal) return refusal(error);
      throw error;
    }
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function refusal({ code: status, message }: Refusal): Answer {
  const code = statuses[status];
  return { status: code, body: { error: { code, message, status } } };
}

export function parsed(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(body.toString() || "{}");
    if (typeof found === "object" && found !== null && !Array.isArray(found)) return found as Record<string, unknown>;
  } catch {}
  throw new Refusal("INVALID_ARGUMENT", "Invalid JSON payload received.");
}
