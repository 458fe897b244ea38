// A request to the one function that stands for all HTTP functions of the app.
// https://learn.microsoft.com/azure/azure-functions/functions-reference-node#http-trigger
import type { Cookie, HttpRequest, HttpResponseInit } from "@azure/functions";
import { FaastenError, isOfConnection, maxBodyBytes, toReply, toRequest } from "../../../src/provider.ts";
import { type AzureTrigger, type Invoked, isInvokedBy } from "../invoked.ts";

/** Azure's own request is none of the web's; of it, this is what holds in both of its kinds. */
export interface HttpInput extends Pick<HttpRequest, "method" | "url" | "headers"> {
  readonly body: AsyncIterable<Uint8Array> | null;
}

export const trigger: AzureTrigger<Invoked<HttpInput>, HttpResponseInit> = {
  name: "azure.http",
  // Without `methods`, of any.
  binding: () => ({
    trigger: { type: "httpTrigger", route: "{*path}", authLevel: "anonymous" },
    return: { type: "http" },
  }),
  accepts: (payload): payload is Invoked<HttpInput> => isInvokedBy("http", payload),
  async decode({ payload: { input } }) {
    const headers: Record<string, string> = Object.create(null);
    for (const [name, value] of input.headers) headers[name] = value;
    const body = await readBody(input);
    const request = toRequest({ method: input.method, url: () => input.url, headers, body });
    return [{ kind: "request", request, path: new URL(input.url).pathname }];
  },
  encode([outcome]) {
    if (outcome?.kind !== "reply") throw new FaastenError("INTERNAL", "a request is answered with a reply");
    const { status, headers, cookies, body } = toReply(outcome.response);
    return {
      status,
      headers: headers.filter(([name]) => !isOfConnection(name)).map(([name, value]) => [name, value]),
      cookies: cookies.map(toCookie),
      // Bytes, not text: for text the library would add a content-type.
      ...(body !== undefined && { body: typeof body === "string" ? Buffer.from(body) : body }),
    };
  },
};

/** Of a body that is too large, no more than shows that it is. The rest is read all the same: nobody hears us before. */
async function readBody({ body }: HttpInput): Promise<Uint8Array | undefined> {
  if (!body) return undefined;
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of body) {
      if (size <= maxBodyBytes) parts.push(part.subarray(0, maxBodyBytes + 1 - size));
      size += part.byteLength;
    }
  } catch (cause) {
    throw new FaastenError("INVALID", "the client went away before the end of its request's body", { cause });
  }
  return size > 0 ? Buffer.concat(parts) : undefined;
}

/**
 * As an object, since of several headers only the last is sent. The library percent-encodes the value, so it is decoded here
 * where that brings the same back. Attributes that the object does not have are lost; a browser ignores what is no date or
 * number, and so do we. https://datatracker.ietf.org/doc/html/rfc6265#section-5.2
 */
function toCookie(line: string): Cookie {
  const [pair = "", ...attributes] = line.split(";");
  const [name, value = ""] = splitOnce(pair);
  if (!token.test(name)) throw new FaastenError("INTERNAL", `a cookie cannot be called ${JSON.stringify(name)}`);
  const cookie: Cookie = { name, value: decoded(value) };
  for (const attribute of attributes) {
    const [key, text = ""] = splitOnce(attribute);
    switch (key.toLowerCase()) {
      case "domain":
        if (domain.test(text)) cookie.domain = text;
        break;
      case "path":
        if (text.startsWith("/")) cookie.path = text;
        break;
      case "expires":
        if (!Number.isNaN(Date.parse(text))) cookie.expires = new Date(text);
        break;
      case "max-age":
        if (/^-?\d+$/.test(text)) cookie.maxAge = Number(text);
        break;
      case "secure":
        cookie.secure = true;
        break;
      case "httponly":
        cookie.httpOnly = true;
        break;
      case "samesite": {
        const sameSite = sites.find((site) => site.toLowerCase() === text.toLowerCase());
        if (sameSite) cookie.sameSite = sameSite;
      }
    }
  }
  return cookie;
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const domain = /^\.?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const sites = ["Strict", "Lax", "None"] as const;

function splitOnce(text: string): readonly [string, string?] {
  const at = text.indexOf("=");
  return at < 0 ? [text.trim()] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
