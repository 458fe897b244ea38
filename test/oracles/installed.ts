// Oracles that vitest's global setup fetches, each into a folder that is kept; or why one cannot be had.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { unavailable } from "./unavailable.ts";

export type Installed = { readonly folder: string } | { readonly unavailable: string };

declare module "vitest" {
  interface ProvidedContext {
    /** DynamoDB Local's archives. */
    readonly dynamodbLocal: Installed;
    /** A Python environment with moto and the `aws` command. */
    readonly moto: Installed;
  }
}

const kept = fileURLToPath(new URL("../../node_modules/.cache/faasten-oracles", import.meta.url));

export function setup({ provide }: TestProject): void {
  const dynamodbLocal = installed("dynamodb-local-3.0.0", "java", ["-version"], (folder) => {
    writeFileSync(join(folder, "pom.xml"), pom("software.amazon.dynamodb", "DynamoDBLocal", "3.0.0"));
    const into = ["-DincludeScope=runtime", `-DoutputDirectory=${folder}`];
    return run("mvn", ["-q", "-B", "dependency:copy-dependencies", ...into], folder);
  });
  provide("dynamodbLocal", told("DynamoDB Local", dynamodbLocal));

  const moto = installed("moto-5.2.5", "python3", ["--version"], (folder) => {
    const requirements = fileURLToPath(new URL("requirements.txt", import.meta.url));
    return (
      run("python3", ["-m", "venv", folder], folder) ??
      run(join(folder, "bin/python"), ["-m", "pip", "install", "-q", "-r", requirements], folder)
    );
  });
  provide("moto", told("moto", moto));
}

function told(name: string, one: Installed): Installed {
  if ("unavailable" in one) unavailable(name, one.unavailable);
  return one;
}

/** `program`: what it takes, each time, asked for its version. */
function installed(
  name: string,
  program: string,
  version: readonly string[],
  install: (folder: string) => string | undefined,
): Installed {
  const missing = run(program, version);
  if (missing !== undefined) return { unavailable: missing };
  const folder = join(kept, name);
  const whole = join(folder, "installed");
  if (existsSync(whole)) return { folder };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  console.log(`installing ${name}: a minute or two, once`);
  const failed = install(folder);
  if (failed !== undefined) return { unavailable: failed };
  writeFileSync(whole, "");
  return { folder };
}

/** The reason if it failed. */
function run(program: string, args: readonly string[], cwd?: string): string | undefined {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    ...(cwd !== undefined && { cwd }),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error) return `there is no ${program} here`;
  if (status === 0) return undefined;
  const [first = ""] = `${stderr}\n${stdout}`.trim().split("\n");
  return `${program} ${args[0] ?? ""} failed: ${first}`;
}

function pom(group: string, artifact: string, version: string): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>faasten</groupId>
  <artifactId>oracles</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>${group}</groupId>
      <artifactId>${artifact}</artifactId>
      <version>${version}</version>
    </dependency>
  </dependencies>
</project>
`;
}
