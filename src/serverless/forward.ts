// The handler that serverless-offline runs for our HTTP functions: it hands each request on to the local runtime.
import { type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";

/** As much of an event of API Gateway, payload format 2.0, as is handed on. */
export interface HttpEvent {
  readonly rawPath: string;
  readonly rawQueryString?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: { readonly http: { readonly method: string } };
}

export interface HttpReply {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string;
  readonly isBase64Encoded: true;
}

export async function handler(event: HttpEvent): Promise<HttpReply> {
  const { rawPath, rawQueryString = "", body, isBase64Encoded, requestContext } = event;
  const headers = Object.fromEntries(
    Object.entries(event.headers ?? {}).filter(([name]) => !ofConnection.includes(name.toLowerCase())),
  );
  if (event.cookies?.length) headers["cookie"] = event.cookies.join("; ");
  const url = `${process.env[addressVariable]}${rawPath}${rawQueryString === "" ? "" : `?${rawQueryString}`}`;
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, { method: requestContext.http.method, headers }, resolve);
    sent.once("error", reject);
    sent.end(Buffer.from(body ?? "", isBase64Encoded ? "base64" : "utf8"));
  });
  const bytes = await buffer(reply);
  const { "set-cookie": cookies = [], ...others } = reply.headers;
  return {
    statusCode: reply.statusCode ?? 502,
    headers: Object.fromEntries(
      Object.entries(others).flatMap(([name, value]) =>
        value === undefined || ofConnection.includes(name) ? [] : [[name, String(value)]],
      ),
    ),
    cookies,
    body: bytes.toString("base64"),
    isBase64Encoded: true,
  };
}

/** Where the local runtime answers. */
export const addressVariable = "FAASTEN_OFFLINE";

const ofConnection: readonly string[] = ["connection", "content-length", "host", "keep-alive", "transfer-encoding"];
