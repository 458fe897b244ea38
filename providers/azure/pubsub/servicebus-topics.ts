// Pub/sub through topics of Service Bus, each with a forwarding subscription for each subscriber's inbox.
// https://docs.dapr.io/reference/components-reference/supported-pubsub/setup-azure-servicebus-topics/
import type { Create, PubSub } from "../../../src/provider.ts";
import { createPubSub } from "../service-bus.ts";

export const create: Create<PubSub> = createPubSub;
