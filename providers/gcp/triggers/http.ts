// A request to the service of the app's HTTP functions. https://docs.cloud.google.com/run/docs/triggering/https-request
import { createWeb, httpTrigger, maxBodyBytes, type RoutedRequest } from "../../../src/provider.ts";
import { bodyOf, type GoogleTrigger } from "../message.ts";

export const trigger: GoogleTrigger<RoutedRequest> = {
  ...httpTrigger("gcp.http"),
  receive: ({ app, journal, run }) =>
    createWeb({
      functions: app.functions,
      protocol: "https",
      bodyOf: (message) => bodyOf(message, maxBodyBytes),
      run,
      journal,
    }),
};
