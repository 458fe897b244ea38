// Settings in Parameter Manager: a parameter each, of which the newest version that is not disabled counts.
// https://docs.cloud.google.com/secret-manager/parameter-manager/docs/reference/rest/v1/projects.locations.parameters.versions
import {
  type CallOptions,
  type ConfigurationItem,
  type ConfigurationStore,
  type Create,
  setting,
} from "../../../src/provider.ts";
import { absentIf, createClient } from "../client.ts";
import { projectOf } from "../credentials.ts";

interface Version {
  readonly name: string;
  readonly createTime?: string;
  readonly disabled?: boolean;
  /** In base64; left out of a list. */
  readonly payload?: { readonly data?: string };
}

const atOnce = 10;

export const create: Create<ConfigurationStore> = (options) => {
  const { call, close } = createClient(options, "parametermanager.googleapis.com");
  /** The stack says `projects/<project>/locations/global/parameters/<service>-<stage>-`; a YAML may say what the names begin with. */
  function prefix(): string {
    const said = setting(options, "prefix") ?? "";
    return said.includes("/") ? said : `projects/${projectOf(options)}/locations/global/parameters/${said}`;
  }

  /** There is no name for the newest one, and the order of a list is not promised. */
  async function newest(parameter: string, { signal }: CallOptions): Promise<Version | undefined> {
    let found: Version | undefined;
    for (let token = ""; ; ) {
      const query = token === "" ? "" : `&pageToken=${encodeURIComponent(token)}`;
      const asked = call<{ readonly parameterVersions?: readonly Version[]; readonly nextPageToken?: string }>(
        "ListParameterVersions",
        `/v1/${parameter}/versions?pageSize=1000${query}`,
        undefined,
        { ...(signal && { signal }) },
      );
      const { parameterVersions = [], nextPageToken = "" } = (await absentIf(asked, "NOT_FOUND")) ?? {};
      for (const version of parameterVersions)
        if (!version.disabled && (!found || comparable(version) > comparable(found))) found = version;
      if (nextPageToken === "") return found;
      token = nextPageToken;
    }
  }

  async function itemOf(key: string, options: CallOptions): Promise<ConfigurationItem | undefined> {
    const version = await newest(`${prefix()}${idOf(key)}`, options);
    if (!version) return undefined;
    const { signal } = options;
    const asked = call<Version>("GetParameterVersion", `/v1/${version.name}`, undefined, { ...(signal && { signal }) });
    // One that was removed in between was not the newest for long.
    const data = (await absentIf(asked, "NOT_FOUND"))?.payload?.data;
    const value = data === undefined ? undefined : Buffer.from(data, "base64").toString();
    return value === undefined ? undefined : { value, version: version.name.slice(version.name.lastIndexOf("/") + 1) };
  }

  return {
    async get(keys, { signal } = {}) {
      signal?.throwIfAborted();
      const found = new Map<string, ConfigurationItem>();
      const left = new Set(keys).values();
      const workers = Array.from({ length: Math.min(atOnce, keys.length) }, async () => {
        for (const key of left) {
          const item = await itemOf(key, { ...(signal && { signal }) });
          if (item) found.set(key, item);
        }
      });
      await Promise.all(workers);
      return found;
    },
    async close() {
      close();
    },
  };
};

/** As its last part orders them: in nanoseconds, whatever the number of digits. */
function comparable({ createTime = "" }: Version): string {
  const [whole = "", fraction = ""] = createTime.replace("Z", "").split(".");
  return `${whole}.${fraction.padEnd(9, "0")}`;
}

/** Letters, digits, "-" and "_" stand for themselves, anything else for its bytes: `max.items` is `max__2eitems`. */
function idOf(key: string): string {
  return key.replace(/[^\w-]|_(?=_)/gu, (sign) =>
    [...Buffer.from(sign)].map((byte) => `__${byte.toString(16).padStart(2, "0")}`).join(""),
  );
}
