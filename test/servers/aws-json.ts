// A contract server of ours for what no emulator of npm serves: Secrets Manager, Parameter Store and EventBridge, in their JSON protocol.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface AwsJson {
  readonly url: string;
  readonly secrets: Map<string, string>;
  readonly parameters: Parameters;
  /** What the bus has taken, as its rules would see it. */
  readonly events: object[];
  close(): Promise<void>;
}

/** Each write is a version of its own. */
export interface Parameters {
  /** A secure string, if the type is left out. */
  set(name: string, value: string, type?: "String" | "SecureString"): void;
}

interface Parameter {
  readonly value: string;
  readonly type: string;
  readonly version: number;
}

type Answer = readonly [status: number, body: object];

export async function startAwsJson(): Promise<AwsJson> {
  const secrets = new Map<string, string>();
  const parameters = new Map<string, Parameter>();
  const events: object[] = [];
  const told = (Name: string, { value, type: Type, version: Version }: Parameter, clear: unknown): object => ({
    ...{ Name, Type, Version },
    // A secure string that is not asked for in the clear comes as it is kept.
    Value: Type === "String" || clear === true ? value : "encrypted",
  });
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
      const found = parameters.get(String(Name));
      if (!found) return refused("ParameterNotFound", "");
      return [200, { Parameter: told(String(Name), found, WithDecryption) }];
    },
    "AmazonSSM.GetParameters": ({ Names = [], WithDecryption }) => {
      const names = Names as readonly string[];
      if (names.length < 1 || names.length > 10 || new Set(names).size < names.length)
        return refused("ValidationException", "Member must have length between 1 and 10, and no duplicates");
      const wrong = names.find((name) => !/^[\w.\-/]+(?::[\w.-]+)?$/.test(name));
      if (wrong !== undefined) return refused("ValidationException", `Invalid parameter name ${wrong}`);
      const Parameters = names.flatMap((name) => {
        const found = parameters.get(name);
        return found ? [told(name, found, WithDecryption)] : [];
      });
      return [200, { Parameters, InvalidParameters: names.filter((name) => !parameters.has(name)) }];
    },
    "AWSEvents.PutEvents": ({ Entries = [] }) => {
      const entries = Entries as readonly Readonly<Record<string, string>>[];
      const results = entries.map(({ EventBusName = "default", Source = "", DetailType = "", Detail = "" }) => {
        const fail = (ErrorCode: string) => ({ ErrorCode, ErrorMessage: "as the reference says" });
        if (Source === "" || DetailType === "") return fail("InvalidArgument");
        if (Source.startsWith("aws.")) return fail("NotAuthorizedForSourceException");
        let detail: unknown;
        try {
          detail = JSON.parse(Detail);
        } catch {
          return fail("MalformedDetail");
        }
        const id = randomUUID();
        events.push({
          ...{ version: "0", id, "detail-type": DetailType, source: Source, account: "000000000000" },
          ...{ time: new Date().toISOString(), region: "eu-west-1", resources: [], detail, bus: EventBusName },
        });
        return { EventId: id };
      });
      return [200, { Entries: results, FailedEntryCount: results.filter((one) => "ErrorCode" in one).length }];
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
    events,
    parameters: {
      set(name, value, type = "SecureString") {
        parameters.set(name, { value, type, version: (parameters.get(name)?.version ?? 0) + 1 });
      },
    },
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
