// A project of its own in an empty folder, with one version of the framework; and that framework's command.
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inject } from "vitest";
import { repository } from "../dev/running.ts";

/** As this suite's folders are called. */
export type Framework = "osls" | "three";
export const frameworks: readonly Framework[] = ["osls", "three"];
export const versions: Readonly<Record<Framework, string>> = { osls: "osls 4.3.1", three: "serverless 3.40.0" };

export interface Project {
  readonly folder: string;
  readonly framework: Framework;
  /** What it printed; rejects with that where it fails. */
  sls(...args: readonly string[]): Promise<string>;
  /** Runs until it is told to stop. */
  start(...args: readonly string[]): Process;
  read(file: string): string;
  write(file: string, text: string): void;
}

export interface Process {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  said(): string;
}

/** `plugins`: packages of the suite's that the project has installed. */
export function makeProject(framework: Framework, plugins: readonly string[] = []): Project {
  const folder = mkdtempSync(join(inject("packed"), "app-"));
  const suite = join(repository, "test/frameworks");
  const packageOf = (name: string): string => {
    const own = join(suite, framework, "node_modules", name);
    return existsSync(own) ? own : join(suite, "node_modules", name);
  };
  mkdirSync(join(folder, "node_modules"));
  for (const name of ["serverless", ...plugins]) symlinkSync(packageOf(name), join(folder, "node_modules", name));
  const start = (...args: readonly string[]): Process => {
    const child = spawn(process.execPath, [join(packageOf("serverless"), "bin/serverless.js"), ...args], {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: "", SLS_TELEMETRY_DISABLED: "1", SLS_NOTIFICATIONS_MODE: "off", CI: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    process.once("exit", () => child.kill("SIGKILL")); // what a failed test has left
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (part: Buffer) => {
        text += part.toString();
      });
    return { child, ended: new Promise((end) => child.once("close", (code) => end(code))), said: () => text };
  };
  return {
    folder,
    framework,
    start,
    async sls(...args) {
      const { ended, said } = start(...args);
      if ((await ended) === 0) return said();
      throw new Error(`sls ${args.join(" ")}:\n${said()}`);
    },
    read: (file) => readFileSync(join(folder, file), "utf8"),
    write(file, text) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    },
  };
}

/** The demo app, whose manifest is the repository's. */
export function makeOrders(framework: Framework, plugins?: readonly string[]): Project {
  const project = makeProject(framework, plugins);
  cpSync(join(repository, "serverless.yml"), join(project.folder, "serverless.yml"));
  cpSync(join(repository, "templates/orders"), join(project.folder, "templates/orders"), { recursive: true });
  return project;
}

/** A template that is a project already. */
export function makeTemplate(name: string, framework: Framework, plugins?: readonly string[]): Project {
  const project = makeProject(framework, plugins);
  for (const each of ["src", "serverless.yml", "package.json"])
    cpSync(join(repository, "templates", name, each), join(project.folder, each), { recursive: true });
  return project;
}

/** Lists these beside, and after, the plugin. */
export function listPlugins(project: Project, names: readonly string[]): void {
  const text = project.read("serverless.yml");
  const line = `plugins: [${names.join(", ")}]`;
  const listed = /^plugins:.*\n(?: {2}-.*\n)*/m;
  project.write("serverless.yml", listed.test(text) ? text.replace(listed, `${line}\n`) : `${text}\n${line}\n`);
}
