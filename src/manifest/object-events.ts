// `s3` events: https://www.serverless.com/framework/docs/providers/aws/events/s3
import { readAwsName } from "./aws-name.ts";
import { type Node, toIntrinsic } from "./nodes.ts";
import { quoted } from "./problems.ts";
import { checkSettings, onAws, plain, type ReadEvent, refuse, type SectionReader } from "./section-reader.ts";

export function readS3(reader: SectionReader, node: Node): readonly ReadEvent[] {
  const map = node.kind === "map" && !toIntrinsic(node) ? node : undefined;
  const known = ["bucket", "event", "rules", "existing", "forceDeploy"];
  if (map && !checkSettings(reader, map, { known })) return [];
  const bucket = map ? map.entries.get("bucket") : node;
  if (!bucket) {
    refuse(reader, node, `${quoted(node.path)} has no \`bucket\`.`, "MISCONFIGURED");
    return [];
  }
  const name = readAwsName(reader, bucket, "bucket");
  const written = map?.entries.get("event");
  const change = written ? changeOf(reader, written) : "created";
  const names = readRules(reader, map?.entries.get("rules"));
  if (name === undefined || change === undefined || !names) return [];
  const on = { kind: "binding", binding: name, attempts: 5 } as const;
  return [{ kind: "s3", event: "s3", on, filter: { kind: "objects", change, ...names } }];
}

/** How an object came or went, `Put` or `Copy`, is told by AWS alone: elsewhere each way counts. */
function changeOf(reader: SectionReader, node: Node): "created" | "deleted" | undefined {
  const event = String(plain(reader, node));
  if (event.startsWith("s3:ObjectCreated:")) return "created";
  if (event.startsWith("s3:ObjectRemoved:")) return "deleted";
  const why = `${quoted(node.path)}: only AWS tells ${quoted(event)}; elsewhere there are \`s3:ObjectCreated:*\` and \`s3:ObjectRemoved:*\`.`;
  return onAws(reader, node, why) ? "created" : undefined;
}

function readRules(
  reader: SectionReader,
  node: Node | undefined,
): { readonly prefix?: string; readonly suffix?: string } | undefined {
  const rules = node ? plain(reader, node) : [];
  const names: { prefix?: string; suffix?: string } = {};
  for (const rule of Array.isArray(rules) ? rules : [rules]) {
    for (const [key, value] of Object.entries(Object(rule))) {
      if ((key === "prefix" || key === "suffix") && typeof value === "string") names[key] = value;
      else
        return (
          node && refuse(reader, node, `${quoted(node.path)} takes \`prefix\` and \`suffix\`, as text.`, "INVALID")
        );
    }
  }
  return names;
}
