// The HTTP functions' front: one HTTP API for those that answer at once, and a Function URL for each that streams or stands alone.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-api.html
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
import type { GraphFunction, StackInput, TriggerSpec } from "../../../src/provider.ts";
import { arn, attribute, type Json, join, logical, physical, type Resources, ref } from "./template.ts";

type HttpSpec = Extract<TriggerSpec, { readonly kind: "http" }>;
interface Web extends GraphFunction {
  readonly on: HttpSpec;
}

/** An HTTP API waits no longer. */
const longestWait = 30_000;

export function httpResources(input: StackInput): Resources {
  const all = input.graph.functions.filter(isWeb);
  const own = all.filter(({ on }) => on.stream || on.isolate);
  const shared = all.filter((one) => !own.includes(one));
  return Object.assign({}, ...own.map(url), shared.length > 0 && api(shared, input));
}

export function httpOutputs({ graph }: StackInput): Readonly<Record<string, Json>> {
  const all = graph.functions.filter(isWeb);
  const own = all.filter(({ on }) => on.stream || on.isolate);
  return Object.fromEntries([
    ...(own.length < all.length ? [["HttpApiUrl", { Value: attribute("HttpApi", "ApiEndpoint") }]] : []),
    ...own.map(({ name }) => [logical(name, "Address"), { Value: attribute(logical(name, "Url"), "FunctionUrl") }]),
  ]);
}

function isWeb(one: GraphFunction): one is GraphFunction & Web {
  return one.on.kind === "http";
}

function url({ name, on }: Web): Resources {
  const signed = on.access === "service";
  const who = signed
    ? { Principal: ref("AWS::AccountId"), FunctionUrlAuthType: "AWS_IAM" }
    : { Principal: "*", FunctionUrlAuthType: "NONE" };
  return {
    [logical(name, "Url")]: {
      Type: "AWS::Lambda::Url",
      Properties: {
        TargetFunctionArn: attribute(logical(name, "Function"), "Arn"),
        AuthType: signed ? "AWS_IAM" : "NONE",
        InvokeMode: on.stream ? "RESPONSE_STREAM" : "BUFFERED",
      },
    },
    [logical(name, "UrlPermission")]: {
      Type: "AWS::Lambda::Permission",
      Properties: { FunctionName: ref(logical(name, "Function")), Action: "lambda:InvokeFunctionUrl", ...who },
    },
    // Since October 2025 a URL needs both.
    [logical(name, "UrlInvokePermission")]: {
      Type: "AWS::Lambda::Permission",
      Properties: {
        FunctionName: ref(logical(name, "Function")),
        Action: "lambda:InvokeFunction",
        Principal: who.Principal,
        InvokedViaFunctionUrl: true,
      },
    },
  };
}

function api(all: readonly Web[], input: StackInput): Resources {
  return Object.assign(
    {
      HttpApi: {
        Type: "AWS::ApiGatewayV2::Api",
        Properties: { Name: physical(input, "http"), ProtocolType: "HTTP" },
      },
      HttpApiStage: {
        Type: "AWS::ApiGatewayV2::Stage",
        Properties: {
          ApiId: ref("HttpApi"),
          StageName: "$default",
          AutoDeploy: true,
          AccessLogSettings: {
            DestinationArn: attribute("HttpApiLogGroup", "Arn"),
            Format: accessLog,
          },
        },
      },
      HttpApiLogGroup: {
        Type: "AWS::Logs::LogGroup",
        Properties: {
          LogGroupName: `/aws/apigateway/${physical(input, "http")}`,
          RetentionInDays: input.logRetentionDays,
        },
      },
    } satisfies Resources,
    ...all.map((one) => routes(one, input)),
    preflights(all),
  );
}

const accessLog: string = JSON.stringify({
  requestId: "$context.requestId",
  time: "$context.requestTime",
  route: "$context.routeKey",
  status: "$context.status",
  milliseconds: "$context.responseLatency",
  error: "$context.integrationErrorMessage",
});

function routes(one: Web, { graph, timeout }: StackInput): Resources {
  const { name, on, lambda, section } = one;
  const integration = logical(name, "Integration");
  const Target = join("integrations/", ref(integration));
  const method = on.method === "*" ? "ANY" : on.method;
  return {
    [integration]: {
      Type: "AWS::ApiGatewayV2::Integration",
      Properties: {
        ApiId: ref("HttpApi"),
        IntegrationType: "AWS_PROXY",
        IntegrationUri: attribute(logical(name, "Function"), "Arn"),
        PayloadFormatVersion: lambda === "apigw.v1" ? "1.0" : "2.0",
        TimeoutInMillis: Math.min(longestWait, (section?.timeout ?? timeout) * 1000),
      },
    },
    [logical(name, "Route")]: route(on.fallback ? "$default" : `${method} ${pathOf(on)}`, Target, on),
    ...(restOf(one, graph.functions.filter(isWeb)) && {
      [logical(name, "RestRoute")]: route(`${method} ${pathOf({ path: on.path.slice(0, -2) || "/" })}`, Target, on),
    }),
    [logical(name, "HttpPermission")]: {
      Type: "AWS::Lambda::Permission",
      Properties: {
        FunctionName: ref(logical(name, "Function")),
        Action: "lambda:InvokeFunction",
        Principal: "apigateway.amazonaws.com",
        SourceArn: join(arn("execute-api", ""), ref("HttpApi"), "/*"),
      },
    },
  };
}

function route(RouteKey: string, Target: Json, { access }: Pick<HttpSpec, "access">): Resources[string] {
  return {
    Type: "AWS::ApiGatewayV2::Route",
    Properties: {
      ApiId: ref("HttpApi"),
      RouteKey,
      Target,
      // A token's rules are checked by the runtime, which knows the scopes' meaning on every cloud.
      AuthorizationType: access === "service" ? "AWS_IAM" : "NONE",
    },
  };
}

/** Here `/files/*` answers `/files` as well, unless another does; an API's `/files/{proxy+}` does not. */
function restOf({ on }: Web, all: readonly Web[]): boolean {
  const base = on.path.slice(0, -2) || "/";
  return (
    !on.fallback &&
    on.path.endsWith("/*") &&
    !all.some((other) => other.on.method === on.method && other.on.path === base)
  );
}

/** Browsers ask before they call: nobody has proved yet who they are. Of a path's functions the first answers for all. */
function preflights(all: readonly Web[]): Resources {
  const asked = new Map<string, Web>();
  for (const one of all) {
    const { path, method, cors } = one.on;
    const shape = path.replace(/:[^/]+/g, ":");
    if (!cors || method === "*" || method === "OPTIONS" || asked.has(shape)) continue;
    if (!all.some(({ on }) => on.path === path && (on.method === "*" || on.method === "OPTIONS")))
      asked.set(shape, one);
  }
  return Object.fromEntries(
    [...asked.values()].map(({ name, on }) => [
      logical(name, "PreflightRoute"),
      route(`OPTIONS ${pathOf(on)}`, join("integrations/", ref(logical(name, "Integration"))), {}),
    ]),
  );
}

/** `/orders/:id` is `/orders/{id}`, and a last `*` is the rest. */
function pathOf({ path, rest = "proxy" }: Pick<HttpSpec, "path" | "rest">): string {
  return path.replace(/:([^/]+)/g, "{$1}").replace(/\*$/, () => `{${rest}+}`);
}
