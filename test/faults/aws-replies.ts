// What the services of AWS answer when they cannot or will not, in each one's protocol.
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
import type { Fault, Heard } from "../servers/faults.ts";
import { serviceOf } from "../servers/heard.ts";

export interface AwsFault {
  readonly name: string;
  /** `id` is the request's, where there is a reply. */
  reply(heard: Heard, id: string): Fault;
}

/** Milliseconds of `slow`: past any deadline here. */
const late = 9_000;

export const awsFaults: readonly AwsFault[] = [
  {
    name: "throttled",
    reply: refusal(400, { other: "ThrottlingException", sqs: "RequestThrottled", sns: "Throttled", s3: "SlowDown" }),
  },
  {
    name: "500",
    reply: refusal(500, {
      other: "InternalServerError",
      sqs: "InternalError",
      sns: "InternalError",
      s3: "InternalError",
    }),
  },
  { name: "cut", reply: () => "cut" },
  { name: "lost", reply: () => "lost" },
  { name: "slow", reply: () => ({ delay: late }) },
  {
    name: "expired credentials",
    reply: refusal(400, {
      other: "ExpiredTokenException",
      sqs: "ExpiredTokenException",
      sns: "ExpiredToken",
      s3: "ExpiredToken",
    }),
  },
  {
    name: "a skewed clock",
    reply: refusal(403, {
      other: "InvalidSignatureException",
      sqs: "InvalidSignatureException",
      sns: "SignatureDoesNotMatch",
      s3: "RequestTimeTooSkewed",
    }),
  },
];

interface Codes {
  readonly other: string;
  readonly sqs: string;
  readonly sns: string;
  readonly s3: string;
}

function refusal(status: number, codes: Codes): AwsFault["reply"] {
  return (heard, id) => {
    const service = serviceOf(heard);
    if (service === "s3") {
      const body = `<Error><Code>${codes.s3}</Code><Message>not now</Message><RequestId>${id}</RequestId></Error>`;
      return { status: codes.s3 === "SlowDown" ? 503 : status, headers: { "x-amz-request-id": id }, body };
    }
    const headers = { "x-amzn-requestid": id };
    if (service !== "sns") {
      const code = service === "AmazonSQS" ? codes.sqs : codes.other;
      const type = { ...headers, "content-type": "application/x-amz-json-1.0" };
      return { status, headers: type, body: JSON.stringify({ __type: `com.amazonaws#${code}`, message: "not now" }) };
    }
    const type = status < 500 ? "Sender" : "Receiver";
    const error = `<Error><Type>${type}</Type><Code>${codes.sns}</Code><Message>not now</Message></Error>`;
    const body = `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">${error}<RequestId>${id}</RequestId></ErrorResponse>`;
    return { status, headers: { ...headers, "content-type": "text/xml" }, body };
  };
}
