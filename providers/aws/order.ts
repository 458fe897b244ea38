// What SNS and SQS want beside a message that keeps its order.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-key-terms.html
import { type CloudEvent, sha256 } from "../../src/provider.ts";

export interface InOrder {
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

/** Of one group in the order of publishing; the same event is taken once. Group names are short and plain, so any key is made one. */
export function inOrder(event: CloudEvent, order: string | undefined): InOrder {
  if (order === undefined) return {};
  return { MessageGroupId: plain(order), MessageDeduplicationId: plain(`${event.source}\n${event.id}`) };
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: letters, digits and punctuation, 128 at most. */
function plain(text: string): string {
  if (/^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/.test(text)) return text;
  return sha256(text);
}
