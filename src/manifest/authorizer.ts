// Who may call an HTTP event: `authorizer`, and `provider.httpApi.authorizers` that it may name.
import type { Access } from "../contracts/trigger.ts";
import type { MapNode, Node } from "./nodes.ts";
import { quoted, suggest } from "./problems.ts";
import { plain, refuse, type SectionReader } from "./section-reader.ts";

const mend = "write `aws_iam`, or name a JWT authorizer of `provider.httpApi.authorizers`";

/** Left out, everybody may. `undefined`: it cannot be kept on every target, and that was reported. */
export function readAccess(reader: SectionReader, node: Node | undefined, httpApi?: MapNode): Access | undefined {
  const value = node && reader.resolve(node);
  if (!value || (value.kind === "scalar" && value.value === null)) return "public";
  const written = Object(plain(reader, value));
  const map: Readonly<Record<string, unknown>> = value.kind === "map" && value.tag === undefined ? written : {};
  const type = value.kind === "scalar" && value.tag === undefined ? value.text : map["type"];
  if (String(type).toLowerCase() === "aws_iam") return "service";
  const name = map["name"] ?? (map["type"] === undefined ? type : undefined);
  if (!httpApi || typeof name !== "string" || (map["type"] !== undefined && map["type"] !== "jwt")) {
    const what =
      value.kind === "scalar"
        ? quoted(value.text)
        : quoted(String(map["name"] ?? map["arn"] ?? map["id"] ?? type ?? ""));
    return refuse(reader, value, `${quoted(value.path)}: the authorizer ${what} runs on AWS alone: ${mend}.`);
  }
  return readJwt(reader, value, name, map["scopes"], httpApi);
}

function readJwt(reader: SectionReader, at: Node, name: string, scopes: unknown, httpApi: MapNode): Access | undefined {
  const authorizers = httpApi.entries.get("authorizers");
  const all = authorizers && reader.resolve(authorizers);
  const node = all?.kind === "map" ? all.entries.get(name) : undefined;
  if (!node) {
    const names = all?.kind === "map" ? [...all.entries.keys()] : [];
    const message = `There is no authorizer ${quoted(name)} in \`provider.httpApi.authorizers\`.${suggest(name, names)}`;
    return refuse(reader, at, message, "NOT_FOUND");
  }
  const { type = "jwt", issuerUrl, audience, identitySource = header } = Object(plain(reader, node));
  if (type !== "jwt")
    return refuse(reader, at, `${quoted(at.path)}: the authorizer ${quoted(name)} runs on AWS alone: ${mend}.`);
  const source = Array.isArray(identitySource) ? identitySource[0] : identitySource;
  if (String(source).toLowerCase() !== header.toLowerCase()) {
    const message = `${quoted(`${node.path}.identitySource`)} is ${quoted(String(source))}: tokens are read from the authorization header alone.`;
    return refuse(reader, node, message);
  }
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : audience === undefined ? [] : [audience];
  const [only] = audiences;
  if (typeof issuerUrl !== "string" || typeof only !== "string") {
    const message = `${quoted(node.path)} must have \`issuerUrl\` and \`audience\`, both plain text.`;
    return refuse(reader, node, message, "MISCONFIGURED");
  }
  if (audiences.length > 1)
    return refuse(reader, node, `${quoted(node.path)} has several audiences: Faasten checks one, name just that.`);
  const wanted = Array.isArray(scopes) ? scopes.map(String) : undefined;
  return { issuer: issuerUrl, audience: only, ...(wanted && { scopes: wanted }) };
}

const header = "$request.header.Authorization";
