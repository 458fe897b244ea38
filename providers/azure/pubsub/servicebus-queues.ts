// Pub/sub through queues of Service Bus: a topic is one queue, and the inbox of its one subscriber.
// https://docs.dapr.io/reference/components-reference/supported-pubsub/setup-azure-servicebus-queues/
import type { Create, PubSub } from "../../../src/provider.ts";
import { createPubSub } from "../service-bus.ts";

export const create: Create<PubSub> = createPubSub;
