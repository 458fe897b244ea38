// The package as a user gets it: built, packed, installed in an empty folder, compiled against, imported and run.
import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { exportsOf } from "./surface/exports.ts";
import { readSources, root } from "./surface/source.ts";

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

const repository = fileURLToPath(root);
const manifest = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as Manifest;
const folder = mkdtempSync(join(tmpdir(), "faasten-pack-"));
const app = join(folder, "app");
const installed = join(app, "node_modules", "faasten");
let packed: readonly string[];
let tarball: string;

beforeAll(async () => {
  mkdirSync(app);
  await run("npm", ["run", "--silent", "build"], repository);
  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], repository);
  tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
  packed = [...stdout.matchAll(/"path": "([^"]+)"/g)].map(([, path = ""]) => path);
  save("package.json", JSON.stringify({ private: true, type: "module" }));
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", join(folder, tarball)]);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the tarball", () => {
  test("holds what is built, four pages, the templates and the demo's manifest, and no source or test of ours", () => {
    const pages = packed.filter((path) => !/^(?:dist|templates)\//.test(path));
    expect(pages.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json", "serverless.yml"]);
    const templates = packed.filter((path) => path.startsWith("templates/"));
    expect(templates).toContain("templates/orders/src/orders.ts");
    expect(templates.filter((path) => /node_modules|\.faasten/.test(path))).toEqual([]);
    const built = packed.filter((path) => path.startsWith("dist/"));
    expect(built.filter((path) => !/^dist\/(?:src|providers)\/.+\.(?:js|d\.ts)$/.test(path))).toEqual([]);
    const modules = readSources("src/**/*.ts", "providers/**/*.ts").map(({ path }) => `dist/${path.slice(0, -3)}`);
    expect(built.sort()).toEqual(modules.flatMap((path) => [`${path}.d.ts`, `${path}.js`]).sort());
  });

  test("has all that its exports map names, apart from the sources", () => {
    const targets = Object.values(manifest.exports).flatMap((target) =>
      typeof target === "string" ? [target] : [target["types"], target["default"]],
    );
    expect(targets.filter((target) => !packed.includes(target?.slice(2) ?? ""))).toEqual([]);
  });

  test("wants nothing of this repository", () => {
    const found = readFileSync(join(installed, "package.json"), "utf8");
    expect(Object.keys((JSON.parse(found) as Manifest).dependencies)).toEqual(Object.keys(manifest.dependencies));
    expect(Object.values(manifest.dependencies).filter((range) => !/^[\^~]?\d/.test(range))).toEqual([]);
    expect(readdirSync(join(app, "node_modules")).filter((name) => name === "@faasten")).toEqual([]);
  });
});

describe("a consumer", () => {
  const sources = readSources("src/**/*.ts");
  const entries = Object.entries(manifest.exports).flatMap(([name, target]) => {
    if (typeof target === "string") return [];
    const names = [...exportsOf(target["faasten-source"]?.slice(2) ?? "", sources)].filter(([it]) => !it.includes("."));
    return [{ specifier: `faasten${name.slice(1)}`, names }];
  });

  test("compiles against every export of every entry, declarations checked", async () => {
    entries.forEach(({ specifier, names }, index) => {
      const list = names.map(([name, kind]) => (kind === "type" ? `type ${name}` : name)).join(", ");
      save(`every-${index}.ts`, `export { ${list} } from ${JSON.stringify(specifier)};\n`);
    });
    save("functions.ts", functions);
    const options = { strict: true, skipLibCheck: false, noEmit: true, module: "nodenext", target: "es2024" };
    const library = ["es2024", "dom", "dom.iterable", "dom.asynciterable"];
    const types = { typeRoots: [join(repository, "node_modules", "@types")], types: ["node"] };
    await compile({ compilerOptions: { ...options, lib: library, ...types }, include: ["*.ts"] });
    const inBrowserTypes = { compilerOptions: { ...options, lib: library, types: [] }, include: ["functions.ts"] };
    await compile(inBrowserTypes);
    save("wrong.ts", 'import { http } from "faasten";\nhttp.get(1);\n');
    await expect(compile({ ...inBrowserTypes, include: ["wrong.ts"] })).rejects.toThrow("wrong.ts(2,");
  });

  test("imports every value", async () => {
    const values = entries.map(({ specifier, names }) => [
      specifier,
      names
        .filter(([, kind]) => kind === "value")
        .map(([name]) => name)
        .sort(),
    ]);
    save(
      "values.mjs",
      `const found = [];
for (const specifier of ${JSON.stringify(entries.map(({ specifier }) => specifier))}) {
  const module = await import(specifier);
  found.push([specifier, Object.keys(module).filter((name) => module[name] !== undefined).sort()]);
}
console.log(JSON.stringify(found));`,
    );
    const { stdout } = await run(process.execPath, ["values.mjs"]);
    expect(JSON.parse(stdout)).toEqual(values);
  });

  test("reaches nothing that the exports map does not name", async () => {
    save("deep.mjs", 'await import("faasten/dist/src/runtime/run.js");');
    await expect(run(process.execPath, ["deep.mjs"])).rejects.toThrow("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });
});

describe("a test of a user's app", () => {
  test("needs nothing else, under Node's own runner", async () => {
    save("functions.ts", functions);
    save("functions.test.ts", testOfFunctions);
    const { stdout } = await run(process.execPath, ["--test", "--test-reporter=tap", "functions.test.ts"]);
    expect(stdout).toMatch(/# pass 1\n# fail 0\n/);
    save("functions.test.ts", testOfFunctions.replace("times: 2", "times: 3"));
    await expect(run(process.execPath, ["--test", "functions.test.ts"])).rejects.toMatchObject({ code: 1 });
  });
});

describe("the command", () => {
  test("tells its version and what it can", async () => {
    expect((await run("npx", ["faasten", "--version"])).stdout.trim()).toBe(manifest.version);
    expect((await run("npx", ["faasten", "--help"])).stdout).toMatch(/Usage: faasten.*\bdev\b.*\binvoke\b/s);
  });

  test("serves an app, by the package's own copy, and ends whole", async () => {
    save("serverless.yml", "service: tiny\nprovider: { name: aws }\ncustom: { faasten: { entry: [src/hello.ts] } }\n");
    save("src/hello.ts", functions);
    const dev = serve();
    const url = await dev.address;
    const response = await fetch(`${url}/hello/you`);
    expect([response.status, await response.json()]).toEqual([200, { hello: "you", times: 1 }]);
    const bundled = join(app, ".faasten", "local", "dev");
    const [module = ""] = readdirSync(bundled).filter((name) => name.endsWith(".mjs"));
    const own = pathToFileURL(join(installed, "dist", "src", "index.js")).href;
    expect(readFileSync(join(bundled, module), "utf8")).toContain(JSON.stringify(own));
    expect(await dev.stop()).toBe(0);
    await expect.poll(dev.left, { timeout: 10_000 }).toEqual([]);
    await expect(fetch(url)).rejects.toThrow();
  });

  test("builds for a cloud with that cloud's libraries, and names one that is not installed", async () => {
    save("serverless.yml", "service: tiny\nprovider: { name: aws }\ncustom: { faasten: { entry: [src/open.ts] } }\n");
    save(
      "src/open.ts",
      'import { http } from "faasten";\nexport const open = http.get("/", { access: "public" }, () => new Response("yes"));\n',
    );
    await run("npx", ["faasten", "build", "--target", "gcp"]);
    await expect(run("npx", ["faasten", "build", "--target", "azure"])).rejects.toThrow(
      "The target azure needs the package `@azure/functions`: install it with `npm install @azure/functions`",
    );
  });

  test("says which Node it wants where it is older", async () => {
    const wanted = manifest.engines.node.replace(">=", "");
    for (const version of ["18.20.0", "20.20.2", "22.17.9"]) {
      save("older.mjs", `Object.defineProperty(process, "versions", { value: { node: "${version}" } });`);
      const older = run(process.execPath, [
        "--import",
        "./older.mjs",
        join(installed, "dist/src/cli/main.js"),
        "--version",
      ]);
      await expect(older).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`Node ${wanted} or newer`),
      });
    }
  });
});

describe("the README's Lambda", () => {
  test("typed word for word in an empty folder", async () => {
    const readme = readFileSync(join(repository, "README.md"), "utf8");
    const [, section = ""] = /^## Bring your Lambda\n(.*?)(?=^## )/ms.exec(readme) ?? [];
    const empty = join(folder, "empty");
    mkdirSync(empty);
    let dev: ReturnType<typeof serve> | undefined;
    const type = async (line: string): Promise<string> => {
      const place = dev && new URL(await dev.address).host;
      const local = line
        .replace(/\.\.\/faasten\/faasten-[\d.]+\.tgz/, join(folder, tarball))
        .replaceAll("localhost:3000", place ?? "localhost:3000");
      return (await run("bash", ["-c", local], empty)).stdout.trimEnd();
    };
    const typed: string[] = [];
    for (const [, kind, block = ""] of section.matchAll(/```(\w+)\n([\s\S]*?)```/g)) {
      const [, file] = /^(?:\/\/|#) (\S+)\n/.exec(block) ?? [];
      if (kind !== "console") save(file ?? "", block, empty);
      else
        for (const part of block.split(/^\$ /m).slice(1)) {
          const [line = "", ...answer] = part.trimEnd().split("\n");
          typed.push(line);
          if (line === "npx faasten dev") dev = serve(empty);
          else if (answer.length === 0) await type(line);
          else expect(await type(line), line).toBe(answer.join("\n"));
        }
    }
    expect(typed).toHaveLength(5);
    await dev?.said(/greeted Ann/);
    expect(await dev?.stop()).toBe(0);
  }, 120_000);
});

const functions = `import { http, state } from "faasten";

const greetings = state<number>("greetings");

export const hello = http.get(
  "/hello/:name",
  { access: "public", uses: { greetings: greetings.readWrite } },
  async (_request, { params, greetings }) => {
    const { value } = await greetings.update(params.name, (times = 0) => times + 1);
    return Response.json({ hello: params.name, times: value });
  },
);
`;

const testOfFunctions = `import assert from "node:assert/strict";
import { test } from "node:test";
import { testApp } from "faasten/testing";
import { hello } from "./functions.ts";

test("a greeting is counted", async (t) => {
  const app = await testApp({ hello });
  t.after(app.close);
  await app.fetch("/hello/you");
  const reply = await app.fetch("/hello/you");
  assert.deepEqual(await reply.json(), { hello: "you", times: 2 });
});
`;

/** `npx faasten dev` in a process group of its own: what is left of it can be seen. */
function serve(cwd: string = app): {
  readonly address: Promise<string>;
  said(pattern: RegExp): Promise<void>;
  stop(): Promise<number | null>;
  left(): Promise<readonly string[]>;
} {
  const child = spawn("npx", ["faasten", "dev", "--port", "0"], { cwd, env: environment(), detached: true });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(() => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, "SIGKILL");
  });
  let said = "";
  const address = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (part: Buffer) => {
        said += part.toString();
        const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? [];
        if (url !== undefined) resolve(url);
      });
    void ended.then(() => reject(new Error(`it ended before it served:\n${said}`)));
  });
  return {
    address,
    said: async (pattern) => expect.poll(() => said, { timeout: 10_000 }).toMatch(pattern),
    async stop() {
      const { pid } = JSON.parse(readFileSync(join(cwd, ".faasten/local/dev.json"), "utf8")) as {
        readonly pid: number;
      };
      process.kill(pid, "SIGINT"); // ours alone: npx answers a Ctrl-C of its own with its own exit code
      return ended;
    },
    /** Those of its group that run: one that has ended may wait long for the machine's first process to take notice. */
    async left() {
      const { stdout } = await run("ps", ["-eo", "pgid=,stat=,args="]);
      return stdout.split("\n").filter((line) => line.trim().startsWith(`${child.pid} `) && !/^\s*\d+\s+Z/.test(line));
    },
  };
}

function save(name: string, text: string, into: string = app): void {
  mkdirSync(dirname(join(into, name)), { recursive: true });
  writeFileSync(join(into, name), text);
}

async function compile(config: unknown): Promise<void> {
  save("tsconfig.json", JSON.stringify(config));
  await run(process.execPath, [join(repository, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.json"]);
}

/** Rejects with all that it printed if it fails. */
async function run(
  command: string,
  flags: readonly string[],
  cwd: string = app,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  try {
    return await promisify(execFile)(command, flags, { cwd, env: environment(), maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const { code, stdout, stderr } = error as {
      readonly code: number;
      readonly stdout: string;
      readonly stderr: string;
    };
    throw Object.assign(new Error(`${command} ${flags.join(" ")}:\n${stdout}${stderr}`, { cause: error }), {
      code,
      stdout,
      stderr,
    });
  }
}

/** The shell's, without what the test runner and npm put there for their own children. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|VITEST|NODE_OPTIONS$|NODE_ENV$|FAASTEN_)/.test(name),
  );
  return { ...Object.fromEntries(own), PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}` };
}
