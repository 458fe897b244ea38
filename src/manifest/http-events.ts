// `httpApi`, `http` and `alb` events, and the function's own `url`.
import { readAccess } from "./authorizer.ts";
import { readCors } from "./cors-setting.ts";
import type { MapNode, Node } from "./nodes.ts";
import { quoted } from "./problems.ts";
import { checkSettings, plain, type ReadEvent, refuse, type SectionReader, type Settings } from "./section-reader.ts";
import { asMap, asText } from "./shape.ts";

interface Endpoint {
  readonly method: string;
  readonly path: string;
  readonly rest?: string;
  readonly fallback?: true;
}

/** https://www.serverless.com/framework/docs/providers/aws/events/http-api */
export function readHttpApi(reader: SectionReader, node: Node, shared: MapNode | undefined): readonly ReadEvent[] {
  const endpoint = readEndpoint(reader, node);
  const map = node.kind === "map" ? node : undefined;
  if (!endpoint || (map && !checkSettings(reader, map, httpApiSettings))) return [];
  const access = readAccess(reader, map?.entries.get("authorizer"), shared ?? emptyLike(node));
  if (access === undefined) return [];
  const cors = readCors(reader, shared?.entries.get("cors"));
  const payload = shared?.entries.get("payload");
  const event = payload && String(plain(reader, payload)) === "1.0" ? "apigw.v1" : "apigw.v2";
  return [{ kind: "httpApi", event, on: { kind: "http", ...endpoint, access, ...(cors && { cors }) } }];
}

const httpApiSettings: Settings = { known: ["method", "path", "authorizer", "timeout"] };

/** https://www.serverless.com/framework/docs/providers/aws/events/apigateway */
export function readHttp(reader: SectionReader, node: Node): readonly ReadEvent[] {
  const endpoint = readEndpoint(reader, node);
  const map = node.kind === "map" ? node : undefined;
  if (!endpoint || (map && !checkSettings(reader, map, httpSettings))) return [];
  const integration = map?.entries.get("integration");
  if (integration && !/^(?:aws[-_]proxy|lambda[-_]proxy)$/i.test(String(plain(reader, integration)))) {
    const message = `${quoted(integration.path)}: only \`lambda-proxy\` hands a request on as it is.`;
    refuse(reader, integration, message);
    return [];
  }
  const access = readAccess(reader, map?.entries.get("authorizer"));
  if (access === undefined) return [];
  const written = readCors(reader, map?.entries.get("cors"));
  // An HTTP API ignores the handler's own CORS headers; a REST API, asked for CORS, answers preflights, and passes them on.
  // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
  // https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html#apigateway-enable-cors-proxy
  const cors = written && { cors: { ...written, preflightsAlone: true as const } };
  return [{ kind: "http", event: "apigw.v1", on: { kind: "http", ...endpoint, access, ...cors } }];
}

const httpSettings: Settings = {
  known: ["method", "path", "cors", "authorizer", "integration", "operationId", "timeoutInMillis", "documentation"],
  refused: {
    private: "API keys are AWS's: use an authorizer",
    request: "requests are checked by the handler alone: remove it",
    response: "replies are the handler's alone: remove it",
    async: "a request waits for its reply: use `sqs` or `sns` for what need not",
    connectionType: "private integrations are AWS's: remove it",
    connectionId: "private integrations are AWS's: remove it",
  },
};

/** https://www.serverless.com/framework/docs/providers/aws/events/alb */
export function readAlb(reader: SectionReader, node: Node): readonly ReadEvent[] {
  const map = asMap(node, reader.problems);
  if (!map || !checkSettings(reader, map, albSettings)) return [];
  const written = map.entries.get("conditions");
  const conditions = written && asMap(reader.resolve(written), reader.problems);
  if (conditions && !checkSettings(reader, conditions, conditionSettings)) return [];
  const multi = map.entries.get("multiValueHeaders");
  const event = multi && plain(reader, multi) === true ? "alb.multi" : "alb";
  const endpoints: Endpoint[] = [];
  for (const method of listOf(reader, conditions, "method", "ANY")) {
    for (const path of listOf(reader, conditions, "path", "/*")) {
      const endpoint = toEndpoint(reader, conditions ?? map, method, path);
      if (endpoint) endpoints.push(endpoint);
    }
  }
  // There one rule of its listener has them all.
  return (reader.target === "aws" ? endpoints.slice(0, 1) : endpoints).map((endpoint) => ({
    kind: "alb",
    event,
    on: { kind: "http", ...endpoint, access: "public" as const },
  }));
}

const albSettings: Settings = {
  known: ["listenerArn", "priority", "conditions", "multiValueHeaders", "healthCheck", "targetGroupName"],
  refused: { authorizer: "its authorizers run on AWS alone: check the caller in the handler, or use `httpApi`" },
};
const onlyPath = "routes here go by path and method alone: remove it";
const conditionSettings: Settings = {
  known: ["path", "method"],
  refused: { host: onlyPath, header: onlyPath, query: onlyPath, ip: onlyPath },
};

/** A Function URL: `url: true`, or a map. https://www.serverless.com/framework/docs/providers/aws/guide/functions */
export function readUrl(reader: SectionReader, written: Node, name: string): readonly ReadEvent[] {
  const node = reader.resolve(written);
  if (!node || (node.kind === "scalar" && (node.value === null || node.value === false))) return [];
  const on = { kind: "http", method: "*", path: "/*" } as const;
  const below = `/${name}` as const;
  if (node.kind === "scalar" && node.value === true)
    return [{ kind: "url", event: "url", on: { ...on, access: "public" }, below }];
  const map = asMap(node, reader.problems);
  if (!map || !checkSettings(reader, map, { known: ["cors", "authorizer", "invokeMode"] })) return [];
  const access = readAccess(reader, map.entries.get("authorizer"));
  if (access === undefined) return [];
  const cors = readCors(reader, map.entries.get("cors"));
  const mode = map.entries.get("invokeMode");
  const stream = mode && plain(reader, mode) === "RESPONSE_STREAM";
  const trigger = { ...on, access, ...(cors && { cors }), ...(stream && { stream: true as const }) };
  return [{ kind: "url", event: "url", on: trigger, below }];
}

/** `GET /orders/{id}`, `*`, or `method` and `path`. */
function readEndpoint(reader: SectionReader, node: Node): Endpoint | undefined {
  if (node.kind === "map" && node.tag === undefined) {
    const [method, path] = ["method", "path"].map((key) => {
      const written = node.entries.get(key);
      return written && asText(reader.resolve(written), reader.problems);
    });
    if (path === undefined && method !== "*") {
      if (!node.entries.has("path")) refuse(reader, node, `${quoted(node.path)} has no \`path\`.`, "MISCONFIGURED");
      return undefined;
    }
    if (method === undefined && path !== "*") {
      if (!node.entries.has("method")) refuse(reader, node, `${quoted(node.path)} has no \`method\`.`, "MISCONFIGURED");
      return undefined;
    }
    if (method === "*" && (path === undefined || path === "*")) return everything;
    return toEndpoint(reader, node, method ?? "*", path ?? "*");
  }
  const text = asText(node, reader.problems);
  if (text === undefined) return undefined;
  const [, method, path] = /^\s*(\S+)\s+(\S+)\s*$/.exec(text) ?? [];
  if (method !== undefined && path !== undefined) return toEndpoint(reader, node, method, path);
  if (text.trim() === "*") return everything;
  return refuse(reader, node, `${quoted(text)} is no endpoint: write \`GET /orders/{id}\`, or \`*\`.`, "INVALID");
}

/** Of an HTTP API: what no other route answers. */
const everything: Endpoint = { method: "*", path: "/*", fallback: true };

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

function toEndpoint(reader: SectionReader, at: Node, method: string, path: string): Endpoint | undefined {
  const upper = method.toUpperCase();
  const any = upper === "ANY" || upper === "*";
  if (!any && !methods.includes(upper)) {
    return refuse(
      reader,
      at,
      `There is no method ${quoted(method)}: write one of ${methods.join(", ")} or ANY.`,
      "INVALID",
    );
  }
  const [, rest = "proxy"] = /\{([A-Za-z0-9._-]+)\+\}$/.exec(path) ?? [];
  const route = toRoute(path);
  if (route === undefined) {
    const mend = "a parameter is a whole segment, `{id}`, and the rest is a last `{proxy+}` or `*`";
    return refuse(reader, at, `The path ${quoted(path)} cannot be kept on every target: ${mend}.`);
  }
  return { method: any ? "*" : upper, path: route, ...(rest !== "proxy" && { rest }) };
}

/** `/users/{id}/{proxy+}` as `/users/:id/*`. */
function toRoute(path: string): string | undefined {
  const segments = path.replace(/^\//, "").replace(/\/$/, "").split("/");
  const converted = segments.map((segment, index) => {
    const last = index === segments.length - 1;
    const [, name, greedy] = /^\{([A-Za-z0-9._-]+)(\+?)\}$/.exec(segment) ?? [];
    if (segment === "*" || greedy === "+") return last ? "*" : undefined;
    if (name !== undefined) return `:${name}`;
    return /[{}*?:]/.test(segment) ? undefined : segment;
  });
  return converted.includes(undefined) ? undefined : `/${converted.join("/")}`;
}

function listOf(reader: SectionReader, map: MapNode | undefined, key: string, otherwise: string): readonly string[] {
  const node = map?.entries.get(key);
  const value = node && plain(reader, node);
  if (value === undefined || value === null) return [otherwise];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/** Authorizers may be named, and none is declared. */
function emptyLike({ file, line, column }: Node): MapNode {
  return { kind: "map", file, line, column, path: "provider.httpApi", entries: new Map() };
}
