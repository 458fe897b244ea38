// A contract server of ours for what no emulator of npm serves: Secrets Manager and Parameter Store, in their JSON protocol.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface AwsJson {
  readonly url: string;
  readonly secrets: Map<string, string>;
  readonly parameters: Map<string, string>;
  close(): Promise<void>;
}

type Answer = readonly [status: number, body: object];

export async function startAwsJson(): Promise<AwsJson> {
  const secrets = new Map<string, string>();
  const parameters = new Map<string, string>();
  const operations: Readonly<Record<string, (input: Readonly<Record<string, unknown>>) => Answer>> = {
    "secretsmanager.GetSecretValue": ({ SecretId }) => {
      if (typeof SecretId !== "string" || SecretId.length < 1 || SecretId.length > 2048)
        return refused("InvalidParameterException", "Invalid name");
      const SecretString = secrets.get(SecretId);
      if (SecretString === undefined)
        return refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
      return [
        200,
        { ARN: `arn:aws:secretsmanager:eu-west-1:000000000000:secret:${SecretId}`, Name: SecretId, SecretString },
      ];
    },
    "AmazonSSM.GetParameter": ({ Name, WithDecryption }) => {
      const Value = parameters.get(String(Name));
      if (Value === undefined) return refused("ParameterNotFound", "");
      // A secure string that is not asked for in the clear comes as it is kept.
      return [
        200,
        { Parameter: { Name, Type: "SecureString", Value: WithDecryption === true ? Value : "encrypted", Version: 1 } },
      ];
    },
  };
  const server = createServer(async (request, response) => {
    const target = String(request.headers["x-amz-target"]);
    const operation = operations[target];
    const signed = request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 ");
    const input = JSON.parse(await textOf(request)) as Readonly<Record<string, unknown>>;
    const [status, body] = !signed
      ? refused("MissingAuthenticationTokenException", "Request is missing Authentication Token")
      : (operation?.(input) ?? refused("UnknownOperationException", target));
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": randomUUID() });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secrets,
    parameters,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function refused(type: string, message: string): Answer {
  return [400, { __type: type, message }];
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) text += part;
  return text;
}
