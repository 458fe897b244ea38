// A request to the local server.
import { httpTrigger, type Reply, type RoutedRequest, type Trigger } from "../../../src/provider.ts";

export const trigger: Trigger<RoutedRequest, Reply> = httpTrigger("local.http");
