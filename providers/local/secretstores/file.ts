// Secrets out of a JSON file, for development.
// https://docs.dapr.io/reference/components-reference/supported-secret-stores/file-secret-store/
import { type Create, FaastenError, flag, type SecretStore, setting } from "../../../src/provider.ts";

type Secrets = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** The file is read anew each time, so that an edit is seen at once. */
export const create: Create<SecretStore> = (options) => {
  const file = setting(options, "secretsFile") ?? "secrets.json";
  const separator = setting(options, "nestedSeparator") ?? ":";
  const multiValued = flag(options, "multiValued");
  const where = `secret store "${options.name}"`;

  return {
    async get(name, { signal } = {}) {
      signal?.throwIfAborted();
      const content = parse(await read(file, where), `${where}: the file ${file}`);
      return secretsOf(content, separator, multiValued).get(name);
    },
  };
};

async function read(file: string, where: string): Promise<string> {
  const { readFile } = process.getBuiltinModule("node:fs/promises");
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { resolve } = process.getBuiltinModule("node:path");
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new FaastenError(
      "MISCONFIGURED",
      missing
        ? `${where}: there is no file ${resolve(file)}: make it, with {"name": "value"} in it, and keep it out of version control`
        : `${where}: the file ${resolve(file)} cannot be read (${cause instanceof Error ? cause.message : cause})`,
      { cause },
    );
  }
}

/** Of JSON's own messages only the place is told, because they quote the text. */
function parse(text: string, where: string): object {
  try {
    const content: unknown = JSON.parse(text.replace(/^\ufeff/, ""));
    if (typeof content === "object" && content !== null && !Array.isArray(content)) return content;
  } catch (error) {
    const [place = ""] = / \(line \d+ column \d+\)/.exec(String(error)) ?? [];
    throw new FaastenError("MISCONFIGURED", `${where} is not JSON${place}`);
  }
  throw new FaastenError("MISCONFIGURED", `${where} is not a JSON object`);
}

function secretsOf(content: object, separator: string, multiValued: boolean): Secrets {
  if (!multiValued) {
    const flat = [...leaves(content, separator)];
    return new Map(flat.map(([name, value]) => [name, record([[name, value]])]));
  }
  const secrets = new Map<string, Readonly<Record<string, string>>>();
  for (const [name, inner] of Object.entries(content)) {
    const values =
      typeof inner === "object" ? [...leaves(inner, separator)] : [...leaves({ [name]: inner }, separator)];
    if (values.length > 0) secrets.set(name, record(values));
  }
  return secrets;
}

/** `{"a": {"b": [1]}}` is `a:b:0`, `"1"`. A `null` is no secret. */
function* leaves(content: unknown, separator: string, path: readonly string[] = []): Generator<[string, string]> {
  if (typeof content !== "object") yield [path.join(separator), String(content)];
  else for (const [name, inner] of Object.entries(content ?? {})) yield* leaves(inner, separator, [...path, name]);
}

function record(entries: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  const values: Record<string, string> = Object.create(null);
  for (const [name, value] of entries) values[name] = value;
  return values;
}
