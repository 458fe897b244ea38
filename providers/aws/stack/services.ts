// Other apps that functions call: where they are, and what it takes to be let in.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
import { FaastenError, type GraphComponent, type StackInput, written } from "../../../src/provider.ts";
import { addressParameter } from "./locations.ts";
import type { Reason } from "./sources.ts";
import { type Json, join, ref } from "./template.ts";

/** What the YAML leaves open, the deployer says. */
export function serviceParameters(input: StackInput): Readonly<Record<string, Json>> {
  const open = input.graph.components.filter(
    (component) => component.type === "invocation.aws.http" && written(component, "baseUrl", input) === undefined,
  );
  return Object.fromEntries(
    open.map((component) => [
      addressParameter(component),
      {
        Type: "String",
        Description: `Where ${component.name} is: the address of its HTTP API, as its stack's output HttpApiUrl says`,
        AllowedPattern: "https://[a-z0-9]+\\.execute-api\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?(/.*)?",
      },
    ]),
  );
}

/** All routes of the API, or the function behind the URL: which of them lets whom in is the callee's to say. */
export function serviceStatement(component: GraphComponent, input: StackInput, because: string): Reason {
  const [said, address] = ["arn", "baseUrl"].map((field) => written(component, field, input));
  if (said?.split(":")[2] === "lambda")
    return { actions: ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"], resource: said, because };
  const actions = ["execute-api:Invoke"];
  if (said !== undefined) return { actions, resource: `${said.replace(/\/\*$/, "")}/*`, because };
  if (address === undefined) {
    // `https://<api>.execute-api.<region>.…`
    const host = part(2, "/", ref(addressParameter(component)));
    return { actions, resource: apiArn(part(2, ".", host), part(0, ".", host)), because };
  }
  const [, api, region] = /^https:\/\/([a-z0-9]+)\.execute-api\.([a-z0-9-]+)\./.exec(address) ?? [];
  if (api !== undefined && region !== undefined) return { actions, resource: apiArn(region, api), because };
  const message = `the component ${component.name}: ${address} does not say whose it is: write the \`arn\` of its API (arn:aws:execute-api:…) or of the function behind its URL (arn:aws:lambda:…), so that the stack can allow the call`;
  throw new FaastenError("MISCONFIGURED", message);
}

function apiArn(region: Json, api: Json): Json {
  return join("arn:", ref("AWS::Partition"), ":execute-api:", region, ":", ref("AWS::AccountId"), ":", api, "/*");
}

function part(index: number, separator: string, text: Json): Json {
  return { "Fn::Select": [index, { "Fn::Split": [separator, text] }] };
}
