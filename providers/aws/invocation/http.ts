// Calls to another app's functions, signed with the function's own role: behind an HTTP API that asks for IAM, or at a Function URL.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { SignatureV4 } from "@smithy/signature-v4";
import {
  type ComponentOptions,
  type Create,
  FaastenError,
  failedRequest,
  provedBase,
  type ServiceCaller,
  type ServiceRequest,
  sendRequest,
} from "../../../src/provider.ts";
import { alike, configOf } from "../client.ts";

export const create: Create<ServiceCaller> = (options) => {
  const where = `service "${options.name}"`;
  const base = provedBase(options, "https://abcdef.execute-api.eu-west-1.amazonaws.com");
  const signer = new SignatureV4({
    service: base.hostname.includes(".lambda-url.") ? "lambda" : "execute-api",
    region: regionOf(base, options, where),
    credentials: configOf(options).credentials ?? defaultProvider(),
    sha256: Sha256,
    applyChecksum: false,
  });
  return {
    async call(request, { signal } = {}) {
      const calling = { ...(signal && { signal }) };
      signal?.throwIfAborted();
      const body = await bodyOf(request, signal).catch((error: unknown) => {
        throw failedRequest(error, signal, where);
      });
      const { path, signing } = toSign(request, base, where);
      const signed = signer.sign({ ...signing, ...(body && { body }) });
      const { headers: proof } = await alike(options, "sign", signed, calling);
      const headers = new Headers(request.headers);
      for (const name of ["authorization", "x-amz-date", "x-amz-security-token"]) {
        headers.delete(name);
        const value = proof[name];
        if (value !== undefined) headers.set(name, value);
      }
      const { body: _, ...others } = request;
      return sendRequest({ ...others, path, headers, ...(body && { body }) }, { base, signal, where });
    },
  };
};

/** Of the request the host alone is signed: what goes over headers on the way may add to them. */
function toSign({ method, path: written }: ServiceRequest, base: URL, where: string) {
  // A plus sign of a query is a blank to some and itself to others, and the signature would be of only one of them.
  const at = written.indexOf("?");
  const path = at < 0 ? written : written.slice(0, at) + written.slice(at).replaceAll("+", "%20");
  const { protocol, hostname, host, port, pathname, search } = new URL(base.href.replace(/\/$/, "") + path);
  const query: Record<string, string[]> = Object.create(null);
  try {
    for (const parameter of search.slice(1).split("&").filter(Boolean)) {
      const end = parameter.indexOf("=") < 0 ? parameter.length : parameter.indexOf("=");
      const [name, value] = [parameter.slice(0, end), parameter.slice(end + 1)].map(decodeURIComponent);
      query[name ?? ""] = [...(query[name ?? ""] ?? []), value ?? ""];
    }
  } catch (cause) {
    throw new FaastenError("INVALID", `${where}: the query of ${JSON.stringify(written)} cannot be read`, { cause });
  }
  const signing = { method, protocol, hostname, path: pathname, query, headers: { host } };
  return { path, signing: port === "" ? signing : { ...signing, port: Number(port) } };
}

/** What is signed is signed whole. */
async function bodyOf({ body }: ServiceRequest, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
  if (!(body instanceof ReadableStream)) return body;
  const parts: Uint8Array[] = [];
  const reader = body.getReader();
  const stop = (): void => void reader.cancel(signal?.reason).catch(() => undefined);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) parts.push(part.value);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  signal?.throwIfAborted();
  return Buffer.concat(parts);
}

/** Addresses of AWS's own name theirs; any other is in the function's. */
function regionOf({ hostname }: URL, options: ComponentOptions, where: string): string {
  const named = /\.(?:execute-api|lambda-url)\.([a-z0-9-]+)\./.exec(hostname)?.[1];
  const region = named ?? configOf(options).region ?? process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"];
  if (region !== undefined) return region;
  throw new FaastenError("MISCONFIGURED", `${where}: nothing tells its region: write it as \`region\``);
}

/** Node's own, as the SDK asks for it. */
class Sha256 {
  readonly #hash: { update(data: string | Uint8Array): unknown; digest(): Uint8Array };
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const { createHash, createHmac } = process.getBuiltinModule("node:crypto");
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {
    throw new FaastenError("INTERNAL", "a hash is used once");
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof data === "string") return data;
  return data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
