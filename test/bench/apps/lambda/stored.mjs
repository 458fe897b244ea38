// What one writes with the SDK to the same effect: the same item, the same message, the same reply.
import { randomBytes, randomUUID } from "node:crypto";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";

const dynamodb = new DynamoDBClient({});
const sns = new SNSClient({});

export async function handler({ rawPath, headers, body }) {
  const id = decodeURIComponent(rawPath.slice("/orders/".length));
  const { quantity } = JSON.parse(body);
  const order = { id, tenant: headers["x-tenant"], quantity: quantity + 1 };
  await dynamodb.send(
    new PutItemCommand({
      TableName: process.env.FAASTEN_STATE_ORDERS,
      Item: {
        key: { S: `bench||${id}` },
        value: { S: JSON.stringify(order) },
        etag: { S: randomBytes(8).toString("hex") },
      },
    }),
  );
  await sns.send(
    new PublishCommand({
      TopicArn: `${process.env.FAASTEN_PUBSUB_PUBSUB}order-placed`,
      Message: JSON.stringify({
        specversion: "1.0",
        id: randomUUID(),
        source: "bench",
        type: "order.placed",
        time: new Date().toISOString(),
        datacontenttype: "application/json",
        traceparent: headers["x-amzn-trace-id"],
        data: order,
      }),
    }),
  );
  return { statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(order) };
}
