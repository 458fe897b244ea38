// Whether a request is signed as AWS asks for it, in its headers or in its address: computed anew from AWS's description.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
import { createHash, createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export interface SignedRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

export interface Signing {
  readonly service: string;
  readonly region: string;
  readonly secretOf: (accessKey: string) => string | undefined;
  /** Unix milliseconds; left out: now. */
  readonly now?: number;
}

/** The error's code; `undefined`: it is signed. */
export function signatureError(request: SignedRequest, signing: Signing): string | undefined {
  const { url, headers } = request;
  const [path = "/", search = ""] = url.split("?");
  const parameters = search === "" ? [] : search.split("&").map(pairOf);
  const query = new Map(parameters.map(([name, value]) => [decodeURIComponent(name), decodeURIComponent(value)]));
  const inQuery = query.has("X-Amz-Signature");
  const header = headers.authorization ?? "";
  const part = (name: string): string => new RegExp(`${name}=([^,\\s]+)`).exec(header)?.[1] ?? "";
  if (!inQuery && !header.startsWith("AWS4-HMAC-SHA256 ")) return "AccessDenied";
  const given = inQuery
    ? {
        credential: query.get("X-Amz-Credential") ?? "",
        names: query.get("X-Amz-SignedHeaders") ?? "",
        signature: query.get("X-Amz-Signature") ?? "",
        time: query.get("X-Amz-Date") ?? "",
      }
    : {
        credential: part("Credential"),
        names: part("SignedHeaders"),
        signature: part("Signature"),
        time: String(headers["x-amz-date"]),
      };
  const [accessKey = "", date = "", region, service, end] = given.credential.split("/");
  const secret = signing.secretOf(accessKey);
  if (secret === undefined) return "InvalidAccessKeyId";
  if (
    region !== signing.region ||
    service !== signing.service ||
    end !== "aws4_request" ||
    !given.time.startsWith(date)
  )
    return "AuthorizationHeaderMalformed";
  const names = given.names.split(";");
  if (!names.includes("host")) return "AccessDenied";
  const hash = sha256(request.body);
  const told = inQuery ? "UNSIGNED-PAYLOAD" : (headers["x-amz-content-sha256"] ?? hash);
  if (told !== "UNSIGNED-PAYLOAD" && told !== hash) return "XAmzContentSHA256Mismatch";
  const canonical = [
    request.method,
    service === "s3" ? path : path.split("/").map(encodeURIComponent).join("/"),
    canonicalQuery(parameters),
    ...names.map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, " ")}`),
    "",
    given.names,
    String(told),
  ].join("\n");
  const scope = `${date}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", given.time, scope, sha256(canonical)].join("\n");
  const key = [date, region, service, "aws4_request"].reduce<Uint8Array | string>(hmac, `AWS4${secret}`);
  if (hmac(key, text).toString("hex") !== given.signature) return "SignatureDoesNotMatch";
  const began = Date.parse(given.time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  const { now = Date.now() } = signing;
  if (!inQuery) return Math.abs(now - began) > 15 * 60_000 ? "RequestTimeTooSkewed" : undefined;
  const seconds = Number(query.get("X-Amz-Expires"));
  if (!(seconds >= 1 && seconds <= 604_800)) return "AuthorizationQueryParametersError";
  return now > began + seconds * 1000 ? "AccessDenied" : undefined;
}

function pairOf(parameter: string): readonly [name: string, value: string] {
  const at = parameter.indexOf("=");
  return at < 0 ? [parameter, ""] : [parameter.slice(0, at), parameter.slice(at + 1)];
}

/** Each decoded and encoded again, all but what RFC 3986 leaves alone, by name and value. */
function canonicalQuery(parameters: readonly (readonly [string, string])[]): string {
  const strict = (text: string): string =>
    encodeURIComponent(decodeURIComponent(text)).replace(
      /[!'()*]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  return parameters
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${strict(name)}=${strict(value)}`)
    .sort()
    .join("&");
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Uint8Array | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
