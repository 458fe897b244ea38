// faasten init
import { cpSync, existsSync, globSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { FaastenError } from "../errors.ts";
import { suggest } from "../manifest/problems.ts";

export interface InitFlags {
  readonly template: string;
}

/** Copies a template into a folder, under its own name. Overwrites nothing. */
export async function init(given: string | undefined, { template }: InitFlags): Promise<void> {
  const root = fileURLToPath(new URL(".", import.meta.resolve("faasten/package.json")));
  const from = join(root, "templates", template);
  const known = readdirSync(join(root, "templates"));
  if (!known.includes(template))
    throw new FaastenError(
      "NOT_FOUND",
      `--template ${template}: there is no such template.${suggest(template, known)}`,
    );
  const folder = resolve(given ?? template);
  const files = globSync("**/*", { cwd: from, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(from, join(entry.parentPath, entry.name)))
    .filter((file) => !/(?:^|[\\/])(?:node_modules|\.faasten)[\\/]/.test(file));
  const there = ["package.json", "serverless.yml", ...files].filter((file) => existsSync(join(folder, file)));
  if (there.length > 0)
    throw new FaastenError(
      "ALREADY_EXISTS",
      `${folder} has a ${there[0]} already, and nothing is overwritten: name another folder, as \`faasten init --template ${template} my-app\``,
    );
  for (const file of files)
    if (file !== "package.json") cpSync(join(from, file), join(folder, file), { errorOnExist: true, force: false });
  if (!files.includes("serverless.yml")) takeDemo(root, template, folder);
  nameService(join(folder, "serverless.yml"), toName(basename(folder)));
  const own = readPackage(join(from, "package.json"));
  const { version } = readPackage(join(root, "package.json"));
  const dependencies = { ...own.dependencies, faasten: `^${String(version)}` };
  const made = {
    ...own,
    name: toName(basename(folder)),
    version: "0.0.0",
    private: true,
    dependencies,
  };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(made, null, 2)}\n`, { flag: "wx" });
  const place = relative(process.cwd(), folder);
  console.log(`${files.length} files in ${place === "" ? "." : place}`);
  console.log(`${place === "" ? "" : `cd ${place} && `}npm install && npx faasten dev`);
}

/** The demo's manifest is the repository's own, from where the demo is served: its paths begin there. */
function takeDemo(root: string, template: string, folder: string): void {
  cpSync(join(root, "serverless.yml"), join(folder, "serverless.yml"), { errorOnExist: true, force: false });
  for (const file of ["serverless.yml", ...globSync("components/**/*.yaml", { cwd: folder })]) {
    const path = join(folder, file);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll(`templates/${template}/`, ""));
  }
}

/** Two apps of one template are two stacks. */
function nameService(manifest: string, name: string): void {
  const service = name.replace(/[^a-z0-9]+/g, "-").replace(/^(?=\d)/, "app-");
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace(/^service: .*$/m, `service: ${service}`));
}

interface Package {
  readonly version?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function readPackage(file: string): Package {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Package) : {};
}

/** As npm allows it. */
function toName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+/, "");
  return name === "" ? "app" : name;
}
