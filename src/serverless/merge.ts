// Lays the stack that `faasten build` emits into the framework's own template.
import { FaastenError } from "../errors.ts";
import type { Resource, Template } from "./framework.ts";

export interface MergeOptions {
  /** The archive's key in the stack → where the framework puts that archive. */
  readonly code: ReadonlyMap<string, unknown>;
  /** Variables of every function that CloudFormation makes. */
  readonly environment: Readonly<Record<string, unknown>>;
  /** Whether a function answers pages of other origins. */
  readonly cors: boolean;
}

/** An API that the framework makes for its own functions is everybody's: there is one origin. */
export function merge(template: Template, stack: Template, { code, environment, cors }: MergeOptions): void {
  const shared = template.Resources["HttpApi"]?.Type === "AWS::ApiGatewayV2::Api";
  if (shared && cors && template.Resources["HttpApi"]?.Properties?.["CorsConfiguration"] !== undefined) {
    const message =
      "`provider.httpApi.cors` makes API Gateway answer other origins for all functions, and it drops what a function with `cors` says: remove one of the two";
    throw new FaastenError("UNSUPPORTED", message);
  }
  for (const [name, resource] of Object.entries(stack.Resources)) {
    if (shared && ofApi.includes(name)) continue;
    if (template.Resources[name]) {
      const message = `the framework's template has a ${name} already: give the function or the component of that name another`;
      throw new FaastenError("ALREADY_EXISTS", message);
    }
    template.Resources[name] =
      resource.Type === "AWS::Lambda::Function" ? placed(resource, code, environment) : resource;
  }
  template.Outputs = { ...stack.Outputs, ...template.Outputs };
}

const ofApi: readonly string[] = ["HttpApi", "HttpApiStage", "HttpApiLogGroup"];

function placed(
  resource: Resource,
  code: MergeOptions["code"],
  environment: Readonly<Record<string, unknown>>,
): Resource {
  const { Code, Environment, ...properties } = Object(resource.Properties);
  const Variables = { ...environment, ...Environment?.Variables };
  return {
    ...resource,
    Properties: { ...properties, Code: code.get(Code?.S3Key) ?? Code, Environment: { Variables } },
  };
}
