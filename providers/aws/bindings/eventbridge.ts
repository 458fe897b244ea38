// Events to a bus of EventBridge. Dapr has no such binding: this one is ours.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { type Binding, type Create, FaastenError, setting } from "../../../src/provider.ts";
import { createClient } from "../client.ts";
import { textOf } from "../message-text.ts";

export const create: Create<Required<Pick<Binding, "create" | "close">>> = (options) => {
  const where = `binding "${options.name}"`;
  const EventBusName = setting(options, "eventBusName") ?? "default";
  const [source = options.service, type = options.name] = ["source", "detailType"].map((name) =>
    setting(options, name),
  );
  const { call, close } = createClient(options, (config) => new EventBridgeClient(config), {
    PutEvents: PutEventsCommand,
  });
  return {
    /** The data are the event's `detail`, a JSON object; the metadata `source` and `detailtype` say otherwise than the component. */
    async create(data, { signal } = {}) {
      const { source: Source = source, detailtype: DetailType = type } = data.metadata ?? {};
      const Detail = textOf(data, where);
      if (!/^\s*\{/.test(Detail)) throw new FaastenError("INVALID", `${where}: an event's data are a JSON object`);
      const entry = { EventBusName, Source, DetailType, Detail };
      const { Entries: [first] = [] } = await call("PutEvents", { Entries: [entry] }, { ...(signal && { signal }) });
      if (first?.EventId !== undefined) return { key: first.EventId };
      // The call itself succeeds where a bus refuses what it was given.
      const { ErrorCode = "no answer", ErrorMessage = "" } = first ?? {};
      const code = codes[ErrorCode] ?? "UNAVAILABLE";
      const message = `component "${options.name}": PutEvents failed with ${ErrorCode}: ${ErrorMessage}`;
      throw new FaastenError(code, message);
    },
    async close() {
      close();
    },
  };
};

const codes: Readonly<Record<string, "THROTTLED" | "INVALID" | "DENIED">> = {
  AccessDeniedException: "DENIED",
  InvalidArgument: "INVALID",
  MalformedDetail: "INVALID",
  NotAuthorizedForSourceException: "DENIED",
  ThrottlingException: "THROTTLED",
};
