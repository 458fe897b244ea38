// CloudEvents to a topic of Event Grid.
// https://learn.microsoft.com/rest/api/eventgrid/dataplane/publish-cloud-event-events/publish-cloud-event-events
// https://docs.dapr.io/reference/components-reference/supported-bindings/eventgrid/
import { AzureKeyCredential, type CloudEvent, EventGridPublisherClient } from "@azure/eventgrid";
import { type Binding, type BindingData, type Create, FaastenError, setting } from "../../../src/provider.ts";
import { createClient } from "../client.ts";
import { contentTypeOf, textOf } from "../message-data.ts";

export const create: Create<Required<Pick<Binding, "create" | "close">>> = (options) => {
  const where = `binding "${options.name}"`;
  const { call, close } = createClient(options, async (credential) => {
    const [endpoint = "", key] = ["topicEndpoint", "accessKey"].map((field) => setting(options, field));
    const proof = key === undefined ? await credential() : new AzureKeyCredential(key);
    return new EventGridPublisherClient(endpoint, "CloudEvent", proof);
  });
  return {
    /**
     * The data are the event's, and the metadata `type`, `source` and `subject` say otherwise than the component; of type
     * `application/cloudevents+json` they are the event itself, as Dapr has it.
     */
    async create(data, { key = crypto.randomUUID(), signal } = {}) {
      const { type = options.name, source = options.service, subject } = data.metadata ?? {};
      const event: CloudEvent<unknown> = /^application\/cloudevents\+json\b/i.test(data.contentType ?? "")
        ? whole(data, key, where)
        : { id: key, type, source, time: new Date(), ...(subject !== undefined && { subject }), ...dataOf(data) };
      await call("publish", (topic, sdk) => topic.send([event], sdk), { ...(signal && { signal }) });
      return { key: event.id ?? key };
    },
    close,
  };
};

function dataOf(data: BindingData): Pick<CloudEvent<unknown>, "data" | "datacontenttype"> {
  const datacontenttype = contentTypeOf(data);
  return "json" in data.value
    ? { data: JSON.parse(data.value.json) as unknown, datacontenttype }
    : { data: data.value.bytes, datacontenttype };
}

function whole(given: BindingData, key: string, where: string): CloudEvent<unknown> {
  const {
    specversion,
    id = key,
    type,
    source,
    time,
    subject,
    dataschema,
    datacontenttype,
    data,
    data_base64,
    ...others
  } = Object(parsed(textOf(given, where))) as Readonly<Record<string, unknown>>;
  if (specversion !== "1.0" || typeof type !== "string" || typeof source !== "string" || typeof id !== "string")
    throw new FaastenError("INVALID", `${where}: a CloudEvent 1.0 has a type and a source, and an id that is text`);
  const text = (name: string, value: unknown) => (typeof value === "string" ? { [name]: value } : {});
  return {
    id,
    type,
    source,
    ...(typeof time === "string" && !Number.isNaN(Date.parse(time)) && { time: new Date(time) }),
    ...text("subject", subject),
    ...text("dataschema", dataschema),
    ...text("datacontenttype", datacontenttype),
    ...(typeof data_base64 === "string"
      ? {
          data: Buffer.from(data_base64, "base64"),
          datacontenttype: String(datacontenttype ?? "application/octet-stream"),
        }
      : data !== undefined && { data }),
    ...(Object.keys(others).length > 0 && { extensionAttributes: others }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
