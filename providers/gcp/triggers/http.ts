// A request to the service of the app's HTTP functions. https://docs.cloud.google.com/run/docs/triggering/https-request
import { httpTrigger, type Reply, type RoutedRequest, type Trigger } from "../../../src/provider.ts";

export const trigger: Trigger<RoutedRequest, Reply> = httpTrigger("gcp.http");
