export async function handler({ Records: records }) {
  for (const { body } of records) {
    if (JSON.parse(body).data.quantity !== 1) throw new Error("another event was sent");
  }
  return { batchItemFailures: [] };
}
