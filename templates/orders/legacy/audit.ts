// An SQS handler of old: it takes a batch, and names those that it could not handle.
interface Batch {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

export const handler = async ({ Records }: Batch) => {
  const batchItemFailures: { itemIdentifier: string }[] = [];
  for (const { messageId, body } of Records) {
    const { data } = JSON.parse(body);
    if (/^[\w-]+$/.test(data.id)) console.log(JSON.stringify({ audited: data.id, status: data.status }));
    else batchItemFailures.push({ itemIdentifier: messageId });
  }
  return { batchItemFailures };
};
