// Handlers of messages and of planned runs: each prints what it may read of any target's event.
const print = (seen) => console.log(`seen ${JSON.stringify(seen)}`);

export const queue = async ({ Records }) => {
  const batchItemFailures = [];
  for (const { messageId, body, attributes, eventSource, md5OfBody } of Records) {
    print({ messageId, body, attempt: attributes.ApproximateReceiveCount, eventSource, md5OfBody });
    if (JSON.parse(body).fail) batchItemFailures.push({ itemIdentifier: messageId });
  }
  return { batchItemFailures };
};
export const whole = async ({ Records }) => {
  for (const { body } of Records) if (JSON.parse(body).fail) throw new Error("all of it fails");
};
export const notice = async ({ Records: [{ EventSource, Sns }] }) => {
  print({ EventSource, id: Sns.MessageId, message: Sns.Message, type: Sns.Type, subject: Sns.Subject });
  if (JSON.parse(Sns.Message).fail) throw new Error("this one fails");
};
export const bus = async (event) => {
  print({ id: event.id, source: event.source, type: event["detail-type"], detail: event.detail, time: event.time });
  if (event.detail.fail) throw new Error("this one fails");
};
export const nightly = async (event) => {
  print({ source: event.source, type: event["detail-type"], time: event.time, detail: event.detail });
};
