// Settings in Parameter Store, a parameter each. Dapr has no such store: this one is ours.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
import { GetParametersCommand, SSMClient } from "@aws-sdk/client-ssm";
import {
  type ConfigurationItem,
  type ConfigurationStore,
  type Create,
  FaastenError,
  setting,
} from "../../../src/provider.ts";
import { createClient } from "../client.ts";

/** What one request asks for. */
const atOnce = 10;

export const create: Create<ConfigurationStore> = (options) => {
  const prefix = setting(options, "prefix") ?? "";
  const { call, close } = createClient(options, (config) => new SSMClient(config), {
    GetParameters: GetParametersCommand,
  });
  return {
    async get(keys, { signal } = {}) {
      signal?.throwIfAborted();
      // No parameter has another name; behind a colon is a version or a label.
      const wanted = [...new Set(keys)].filter((key) => /^[\w.\-/]+$/.test(key));
      const pages: string[][] = [];
      while (wanted.length > 0) pages.push(wanted.splice(0, atOnce));
      const replies = await Promise.all(
        pages.map((page) =>
          call("GetParameters", { Names: page.map((key) => prefix + key) }, { ...(signal && { signal }) }),
        ),
      );
      const found = new Map<string, ConfigurationItem>();
      for (const { Name = "", Value = "", Version, Type } of replies.flatMap(({ Parameters = [] }) => Parameters)) {
        if (Type === "SecureString")
          throw new FaastenError(
            "MISCONFIGURED",
            `component "${options.name}": ${Name} is a SecureString, and a setting is no secret: read it by \`secret(…)\`, or keep it as a String`,
          );
        const version = Version === undefined ? {} : { version: String(Version) };
        found.set(Name.slice(prefix.length), { value: Value, ...version });
      }
      return found;
    },
    async close() {
      close();
    },
  };
};
