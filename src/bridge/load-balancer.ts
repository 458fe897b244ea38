// A request as an Application Load Balancer hands it over, with one value of each header or with all.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
import { arn } from "./placeholders.ts";
import { type Asked, type EventBody, headersOf, parametersOf, queryOf } from "./web-request.ts";

/** Parameters stay as they came, percent-encoded: the handler decodes them. */
export function toLoadBalancerEvent(
  asked: Asked,
  { body, isBase64Encoded }: EventBody,
  { multi }: { readonly multi: boolean },
): object {
  const { request, path } = asked;
  const headers = headersOf(asked);
  const parameters = parametersOf(queryOf(request), false) ?? new Map<string, readonly string[]>();
  return {
    requestContext: { elb: { targetGroupArn: arn("elasticloadbalancing", "targetgroup/faasten/0000000000000000") } },
    httpMethod: request.method,
    path,
    ...(multi
      ? {
          multiValueQueryStringParameters: Object.fromEntries(parameters),
          multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
        }
      : {
          queryStringParameters: Object.fromEntries(
            [...parameters].map(([name, values]) => [name, values.at(-1) ?? ""]),
          ),
          headers,
        }),
    body: body ?? "",
    isBase64Encoded,
  };
}
