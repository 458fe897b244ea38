// A batch of messages from a queue: each is what was published, or what the queue knows of it.
import type { Trigger } from "../../../src/provider.ts";
import { queueTrigger, type SqsEvent, type SqsResult } from "../queue.ts";

export const trigger: Trigger<SqsEvent, SqsResult> = queueTrigger("aws.sqs");
