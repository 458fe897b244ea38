// A contract server of ours for Secret Manager, over its REST API, written from its reference alone.
// https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
import { type GoogleServer, Refusal, startGoogle } from "./google-http.ts";

export interface SecretManager extends GoogleServer {
  /** `secret`: `projects/<project>/secrets/<id>` */
  addVersion(secret: string, value: string): void;
  /** Its latest version can no longer be read. */
  disable(secret: string): void;
}

export async function startSecretManager(): Promise<SecretManager> {
  const secrets = new Map<string, string[]>();
  const disabled = new Set<string>();
  const server = await startGoogle((request, { pathname }) => {
    const [, name = "", version = ""] =
      /^\/v1\/(projects\/[^/]+\/secrets\/[\w-]{1,255})\/versions\/(latest|\d+):access$/.exec(pathname) ?? [];
    if (request.method !== "GET" || name === "") return undefined;
    const versions = secrets.get(name) ?? [];
    const number = version === "latest" ? versions.length : Number(version);
    const value = versions[number - 1];
    if (value === undefined) throw new Refusal("NOT_FOUND", `Secret [${name}] not found or has no versions.`);
    if (disabled.has(name))
      throw new Refusal("FAILED_PRECONDITION", `Secret Version [${name}/versions/${number}] is in DISABLED state.`);
    return {
      status: 200,
      body: { name: `${name}/versions/${number}`, payload: { data: Buffer.from(value).toString("base64") } },
    };
  });
  return {
    ...server,
    addVersion(secret, value) {
      secrets.set(secret, [...(secrets.get(secret) ?? []), value]);
    },
    disable(secret) {
      disabled.add(secret);
    },
  };
}
