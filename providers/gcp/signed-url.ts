// Addresses of Cloud Storage that are proof in themselves, signed in its V4 form.
// https://docs.cloud.google.com/storage/docs/authentication/signatures
import { type CallOptions, FaastenError, sha256 } from "../../src/provider.ts";
import type { Signer } from "./signing.ts";

export interface Presigned extends CallOptions {
  readonly origin: string;
  /** Percent-encoded. */
  readonly path: string;
  readonly method: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  /** What an error says first. */
  readonly where: string;
}

/** Google's own limit, in seconds. */
const longest = 7 * 24 * 60 * 60;

export async function presign(
  signer: Signer,
  { origin, path, method, expiresAt, where, signal }: Presigned,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000) * 1000;
  const seconds = Math.floor((expiresAt - now) / 1000);
  if (seconds < 1 || seconds > longest)
    throw new FaastenError("INVALID", `${where}: an address is good for 1 to ${longest} seconds, and not ${seconds}`);
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/auto/storage/goog4_request`;
  const query = Object.entries({
    "X-Goog-Algorithm": "GOOG4-RSA-SHA256",
    "X-Goog-Credential": `${await signer.email()}/${scope}`,
    "X-Goog-Date": time,
    "X-Goog-Expires": `${seconds}`,
    "X-Goog-SignedHeaders": "host",
  })
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
  const { host } = new URL(origin);
  const canonical = [method, path, query, `host:${host}\n`, "host", "UNSIGNED-PAYLOAD"].join("\n");
  const text = ["GOOG4-RSA-SHA256", time, scope, sha256(canonical)].join("\n");
  const signature = await signer.sign(text, { ...(signal && { signal }) });
  return `${origin}${path}?${query}&X-Goog-Signature=${signature.toString("hex")}`;
}
