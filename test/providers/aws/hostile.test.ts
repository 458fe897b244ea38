// Messages of senders who mean no good, and the order of what they stand among.
import { expect, test } from "vitest";
import type { SqsEvent } from "../../../providers/aws/queue.ts";
import { type HttpEvent, trigger as http } from "../../../providers/aws/triggers/http.ts";
import { trigger } from "../../../providers/aws/triggers/sqs.ts";

const record = (id: string, body: string) => ({
  messageId: id,
  receiptHandle: "r",
  body,
  eventSource: "aws:sqs",
  eventSourceARN: "arn:aws:sqs:eu-west-1:1:work",
});

test("attributes that are nothing fail no neighbour", async () => {
  const notification = {
    Type: "Notification",
    MessageId: "x",
    TopicArn: "y",
    Message: "{}",
    MessageAttributes: { a: null },
  };
  const payload: unknown = {
    Records: [
      record("1", JSON.stringify(notification)),
      { ...record("2", "{}"), messageAttributes: null },
      { ...record("3", "{}"), messageAttributes: { a: null } },
      record("4", "{}"),
    ],
  };
  expect(trigger.accepts(payload)).toBe(true);
  const call = { id: "1", payload: payload as SqsEvent, context: {}, deadline: 0 };
  expect((await trigger.decode(call)).map(({ kind }) => kind)).toEqual(["event", "event", "event", "event"]);
});

test("headers of the connection, which would be untrue behind Lambda, are not passed on", async () => {
  const response = new Response("hello", { headers: { "content-length": "3", upgrade: "x", "x-kept": "1" } });
  const call = { id: "1", payload: {} as HttpEvent, context: {}, deadline: 0 };
  const { headers } = await http.encode([{ kind: "reply", response }], call);
  expect(Object.keys(headers).sort()).toEqual(["content-type", "x-kept"]);
});
