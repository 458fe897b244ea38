// faasten inspect
import { FaastenError } from "../errors.ts";
import { Mistakes, suggest } from "../manifest/problems.ts";
import { readPairs } from "./pairs.ts";
import { readTarget } from "./target.ts";

export interface InspectFlags {
  readonly target?: string;
  readonly format: string;
  readonly strict?: boolean;
  readonly stage?: string;
  readonly param?: readonly string[];
  readonly opt?: readonly string[];
}

/** What can be told of an app that cannot be built is told first. */
export async function inspect(what: string | undefined, flags: InspectFlags): Promise<void> {
  const { target, format, strict, stage, param, opt } = flags;
  if (what !== undefined && what !== "permissions")
    throw new FaastenError("INVALID", `inspect ${what}: there is no such view.${suggest(what, ["permissions"])}`);
  const chosen = readTarget(target ?? "local");
  const formats = what === undefined ? ["text", "mermaid", "json"] : ["text", "json"];
  if (!formats.includes(format))
    throw new FaastenError("INVALID", `--format ${format}: there is no such format.${suggest(format, formats)}`);
  if (what !== undefined) return (await import("./permissions.ts")).permissions(flags);
  const { inspect: run } = await import("../build/inspect.ts");
  const found = await run({
    folder: process.cwd(),
    target: chosen,
    params: readPairs("--param", param),
    options: readPairs("--opt", opt),
    ...(stage !== undefined && { stage }),
  });
  if (format === "json") console.log(JSON.stringify(found, null, 2));
  else if (format === "mermaid") process.stdout.write((await import("../build/mermaid.ts")).toMermaid(found));
  else process.stdout.write((await import("./inspect-text.ts")).toText(found, process.stdout));
  if (found.problems.length > 0) throw new Mistakes(found.problems);
  if (strict && found.portability.some(({ verdict }) => verdict === "bound")) process.exitCode = 1;
}
