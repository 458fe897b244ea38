// What SNS and SQS want beside a message that keeps its order.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-key-terms.html
import { type CloudEvent, sha256 } from "../../src/provider.ts";

export interface InOrder {
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

/**
 * Of one group in the order of publishing; within five minutes the same event is taken once, and what is said to be taken
 * again is lost: so whoever sends it anew, says with `of` of which delivery. Group names are short and plain, so any key is made one.
 */
export function inOrder(event: CloudEvent, order: string | undefined, of = ""): InOrder {
  if (order === undefined) return {};
  const MessageDeduplicationId = plain([event.source, event.id, ...(of === "" ? [] : [of])].join("\n"));
  return { MessageGroupId: plain(order), MessageDeduplicationId };
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: letters, digits and punctuation, 128 at most. */
function plain(text: string): string {
  if (/^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/.test(text)) return text;
  return sha256(text);
}
