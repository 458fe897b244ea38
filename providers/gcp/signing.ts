// Signs as the service account that a component has: with its key, or by asking Google, which keeps the key of an instance's own.
// https://docs.cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob
import { type CallOptions, type ComponentOptions, setting } from "../../src/provider.ts";
import { createClient } from "./client.ts";
import { askInstance } from "./credentials.ts";

export interface Signer {
  email(): Promise<string>;
  /** RSA with SHA-256. */
  sign(text: string, options?: CallOptions): Promise<Buffer>;
  close(): void;
}

export function createSigner(component: ComponentOptions): Signer {
  const own = setting(component, "client_email") ?? setting(component, "clientEmail");
  const key = setting(component, "private_key") ?? setting(component, "privateKey");
  const { call, close } = createClient(component, "iamcredentials.googleapis.com");
  let found: string | undefined;
  const email = async (): Promise<string> => {
    found ??= own ?? (await askInstance("instance/service-accounts/default/email"));
    return found;
  };
  return {
    email,
    async sign(text, { signal } = {}) {
      signal?.throwIfAborted();
      if (own !== undefined && key !== undefined)
        return process
          .getBuiltinModule("node:crypto")
          .sign("RSA-SHA256", Buffer.from(text), key.replaceAll("\\n", "\n"));
      const { signedBlob } = await call<{ readonly signedBlob: string }>(
        "SignBlob",
        `/v1/projects/-/serviceAccounts/${await email()}:signBlob`,
        { payload: Buffer.from(text).toString("base64") },
        { ...(signal && { signal }) },
      );
      return Buffer.from(signedBlob, "base64");
    },
    close,
  };
}
