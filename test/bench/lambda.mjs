// What Lambda hands to a function of the bench, and what each answers. In JavaScript: a cold start is not to wait for types.
export const context = {
  awsRequestId: "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
  functionName: "bench",
  xRayTraceId: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
  getRemainingTimeInMillis: () => 30_000,
};

const domainName = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com";

/** A call each, for some change what they are handed. */
export const events = {
  http: () => ({
    version: "2.0",
    routeKey: "$default",
    rawPath: "/orders/a1",
    rawQueryString: "from=bench",
    headers: {
      accept: "*/*",
      "content-length": "14",
      "content-type": "application/json",
      host: domainName,
      "user-agent": "curl/8.7.1",
      "x-amzn-trace-id": "Root=1-691f7a7f-2a0b3c4d5e6f708192a3b4c5",
      "x-forwarded-for": "192.0.2.7",
      "x-forwarded-port": "443",
      "x-forwarded-proto": "https",
      "x-tenant": "blue",
    },
    requestContext: {
      accountId: "123456789012",
      apiId: "a1b2c3d4e5",
      domainName,
      domainPrefix: "a1b2c3d4e5",
      http: {
        method: "POST",
        path: "/orders/a1",
        protocol: "HTTP/1.1",
        sourceIp: "192.0.2.7",
        userAgent: "curl/8.7.1",
      },
      requestId: "JKJaXmPLvHcESHA=",
      routeKey: "$default",
      stage: "$default",
      time: "20/Nov/2026:19:59:59 +0000",
      timeEpoch: 1795204799000,
    },
    body: '{"quantity":1}',
    isBase64Encoded: false,
  }),
  sqs: () => ({
    Records: [
      {
        messageId: "059f36b4-87a3-44ab-83d2-661975830a7d",
        receiptHandle: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        body: '{"specversion":"1.0","id":"e1","source":"bench","type":"order.placed","datacontenttype":"application/json","data":{"id":"a1","quantity":1}}',
        attributes: {
          ApproximateReceiveCount: "1",
          SentTimestamp: "1795204799000",
          SenderId: "AIDAIENQZJOLO23YVJ4VO",
          ApproximateFirstReceiveTimestamp: "1795204799001",
        },
        messageAttributes: {},
        md5OfBody: "e4e68fb7bd0e697a0ae8f1bb342846b3",
        eventSource: "aws:sqs",
        eventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:placed",
        awsRegion: "eu-west-1",
      },
    ],
  }),
};

/** Throws for any other answer. */
export function check(kind, reply) {
  const fits =
    kind === "sqs"
      ? reply?.batchItemFailures?.length === 0
      : reply?.statusCode === 200 && reply.body === '{"id":"a1","tenant":"blue","quantity":2}';
  if (!fits) throw new Error(`not the expected reply: ${JSON.stringify(reply)}`);
}
