// Messages to a topic of Pub/Sub's, each the data alone.
// https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish
// https://docs.dapr.io/reference/components-reference/supported-bindings/gcppubsub/
import { type Binding, type Create, setting } from "../../../src/provider.ts";
import { createClient } from "../client.ts";
import { projectOf } from "../credentials.ts";

export const create: Create<Required<Pick<Binding, "create" | "close">>> = (options) => {
  const { call, close } = createClient(options, "pubsub.googleapis.com");
  /** The stack says the whole path; a YAML may say the name alone, as Dapr's does. */
  function topic(): string {
    const said = setting(options, "topic") ?? options.name;
    return said.includes("/") ? said : `projects/${projectOf(options)}/topics/${said}`;
  }
  return {
    async create({ value, contentType, metadata = {} }, { signal } = {}) {
      const json = "json" in value;
      const data = Buffer.from(json ? value.json : value.bytes).toString("base64");
      const type = contentType ?? (json ? "application/json" : "application/octet-stream");
      const messages = [{ data, attributes: { ...metadata, "content-type": type } }];
      const { messageIds: [key] = [] } = await call<{ readonly messageIds?: readonly string[] }>(
        "Publish",
        `/v1/${topic()}:publish`,
        { messages },
        { ...(signal && { signal }) },
      );
      return key === undefined ? {} : { key };
    },
    async close() {
      close();
    },
  };
};
