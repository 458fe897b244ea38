// Secrets in Secret Manager, each its latest version.
// https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
// https://docs.dapr.io/reference/components-reference/supported-secret-stores/gcp-secret-manager/
import { type Create, type SecretStore, setting } from "../../../src/provider.ts";
import { absentIf, createClient } from "../client.ts";
import { projectOf } from "../credentials.ts";

export const create: Create<SecretStore> = (options) => {
  const { call, close } = createClient(options, "secretmanager.googleapis.com");
  /** The stack says `projects/<project>/secrets/<service>-<stage>-`; a YAML may say what the names begin with. */
  function prefix(): string {
    const said = setting(options, "prefix") ?? "";
    return said.includes("/") ? said : `projects/${projectOf(options)}/secrets/${said}`;
  }
  return {
    async get(name, { signal } = {}) {
      signal?.throwIfAborted();
      // No secret has any other name, and in a path it would be another path.
      if (!/^[\w-]+$/.test(name)) return undefined;
      const path = `/v1/${prefix()}${name}/versions/latest:access`;
      const asked = call<Version>("AccessSecretVersion", path, undefined, { ...(signal && { signal }) });
      const data = (await absentIf(asked, "NOT_FOUND"))?.payload?.data;
      return data === undefined ? undefined : { [name]: Buffer.from(data, "base64").toString() };
    },
    async close() {
      close();
    },
  };
};

/** `data` in base64. */
interface Version {
  readonly payload?: { readonly data?: string };
}
