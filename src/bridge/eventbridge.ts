// An event of a bus, and a planned run, as EventBridge hands them over.
// https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
import type { CloudEvent } from "../contracts/event.ts";
import { FaastenError } from "../errors.ts";
import { textOf } from "./message.ts";
import { accountId, arn, region } from "./placeholders.ts";

/** Source and type are the CloudEvent's; the detail is its data. Throws `INVALID` where that is no JSON. */
export function toBusEvent(event: CloudEvent): object {
  return {
    ...envelope(event),
    "detail-type": event.type,
    source: event.source,
    resources: [],
    detail: detailOf(event),
  };
}

export function toScheduledEvent(event: CloudEvent, functionName: string): object {
  const resources = [arn("events", `rule/${functionName}`)];
  return { ...envelope(event), "detail-type": "Scheduled Event", source: "aws.events", resources, detail: {} };
}

function envelope({ id, time = new Date().toISOString() }: CloudEvent): object {
  // EventBridge tells whole seconds.
  return { version: "0", id, account: accountId, time: time.replace(/\.\d+(?=Z$)/, ""), region: region() };
}

function detailOf({ id, data }: CloudEvent): unknown {
  if (data === undefined) return {};
  try {
    return JSON.parse(textOf(data));
  } catch {
    throw new FaastenError("INVALID", `the event ${id} is not JSON, which every event of EventBridge is`);
  }
}
