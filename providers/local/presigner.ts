// Addresses at which whoever holds one may read or create one object until a time: the address is the proof.
import { type Binding, type BindingData, checkKey, FaastenError, type PresignOptions } from "../../src/provider.ts";

export interface PresignerOptions {
  /** `binding "uploads"` */
  readonly where: string;
  /** The key of the signatures. */
  readonly secret: () => Promise<Uint8Array>;
  readonly now: () => number;
  readonly get: (key: string) => ReturnType<NonNullable<Binding["get"]>>;
  readonly create: (data: BindingData, key: string) => Promise<unknown>;
}

export type Presigner = Required<Pick<Binding, "presign" | "attach">>;

export function createPresigner({ where, secret, now, get, create }: PresignerOptions): Presigner {
  let base: string | undefined;

  async function signatureOf(key: string, operation: string, expires: string): Promise<string> {
    const { createHmac } = process.getBuiltinModule("node:crypto");
    const text = JSON.stringify([where, key, operation, expires]);
    return createHmac("sha256", await secret())
      .update(text)
      .digest("base64url");
  }

  async function answer(request: Request): Promise<Response> {
    const { searchParams: given } = new URL(request.url);
    const [key, operation, expires] = [
      given.get("key") ?? "",
      given.get("operation") ?? "",
      given.get("expires") ?? "",
    ];
    if (!isSame(given.get("signature") ?? "", await signatureOf(key, operation, expires)))
      throw new FaastenError("DENIED", `${where}: this address was not signed here, or was changed`);
    if (now() >= Number(expires)) throw new FaastenError("DENIED", `${where}: this address has expired`);
    const reads = request.method === "GET" || request.method === "HEAD";
    if (operation === "get" ? !reads : request.method !== "PUT")
      throw new FaastenError(
        "DENIED",
        `${where}: this address is good for ${operation === "get" ? "GET" : "PUT"} alone`,
      );
    return operation === "get" ? read(key) : write(key, request);
  }

  /** Never as a page of the app's own, which the address shares its origin with. */
  async function read(key: string): Promise<Response> {
    const found = await get(key);
    if (!found) throw new FaastenError("NOT_FOUND", `${where}: there is no such object`);
    const bytes = "bytes" in found.value ? found.value.bytes : new TextEncoder().encode(found.value.json);
    return new Response(new Uint8Array(bytes), {
      headers: {
        "content-type": found.contentType ?? "application/octet-stream",
        "content-security-policy": "sandbox",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
      },
    });
  }

  async function write(key: string, request: Request): Promise<Response> {
    const bytes = new Uint8Array(await request.arrayBuffer());
    const contentType = request.headers.get("content-type");
    await create({ value: { bytes }, ...(contentType !== null && { contentType }) }, key);
    return new Response(null, { status: 200 });
  }

  return {
    async presign(key, { operation, expiresAt, signal }: PresignOptions) {
      signal?.throwIfAborted();
      checkKey(key, where, 1024);
      if (base === undefined)
        throw new FaastenError(
          "UNSUPPORTED",
          `${where}: nothing answers at such an address here; \`faasten dev\` does`,
        );
      const expires = String(Math.ceil(expiresAt));
      const signature = await signatureOf(key, operation, expires);
      return `${base}?${new URLSearchParams({ key, operation, expires, signature })}`;
    },
    attach(at) {
      base = at;
      return answer;
    },
  };
}

function isSame(given: string, right: string): boolean {
  const { timingSafeEqual } = process.getBuiltinModule("node:crypto");
  return (
    given.length === right.length && /^[\w-]+$/.test(given) && timingSafeEqual(Buffer.from(given), Buffer.from(right))
  );
}
