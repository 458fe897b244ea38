// The file and the export that a `handler` names, as Lambda's own loader and the framework's bundlers find them.
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Node } from "./nodes.ts";
import { nearest, type Problems, quoted } from "./problems.ts";
import { asText } from "./shape.ts";

export interface Handler {
  /** Absolute. */
  readonly file: string;
  /** `["orders", "create"]` of `src/api.orders.create`. */
  readonly exported: readonly string[];
}

const extensions = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".tsx", ".jsx"];

/** `src/api.orders.create`: up to the first dot of the last segment the file, without its extension. `undefined`: reported. */
export function findHandler(folder: string, node: Node, problems: Problems): Handler | undefined {
  const text = asText(node, problems);
  if (text === undefined) return undefined;
  const at = text.lastIndexOf("/") + 1;
  const [base = "", ...exported] = text.slice(at).split(".");
  if (base === "" || exported.length === 0 || exported.includes("")) {
    const message = `${quoted(text)} names no handler: write its file and its export, such as \`src/orders.handler\`.`;
    problems.add("INVALID", node, message);
    return undefined;
  }
  const path = resolve(folder, text.slice(0, at), base);
  if (isAbsolute(text) || relative(folder, path).startsWith("..")) {
    problems.add("INVALID", node, `${quoted(text)} lies outside of the folder of this file: name a file in it.`);
    return undefined;
  }
  const file = extensions.map((extension) => path + extension).find(isFile);
  if (file !== undefined) return { file, exported };
  const mend = similar(folder, path);
  const wanted = quoted(relative(folder, path));
  const endings = extensions.slice(0, 6).join(", ");
  problems.add("NOT_FOUND", node, `There is no file ${wanted} with one of the endings ${endings}${mend}.`);
  return undefined;
}

/** The nearest name beside it. */
function similar(folder: string, path: string): string {
  const beside = dirname(path);
  if (!existsSync(beside)) return "";
  const names = readdirSync(beside).flatMap((name) => {
    const extension = extensions.find((ending) => name.endsWith(ending) && !name.endsWith(`.d${ending}`));
    return extension === undefined ? [] : [name.slice(0, -extension.length)];
  });
  const meant = nearest(basename(path), names);
  return meant === undefined ? "" : `: did you mean ${quoted(relative(folder, join(beside, meant)))}?`;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
