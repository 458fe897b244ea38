// Installs the clouds' own hosts, and the libraries of Lambda handlers, where they are not there yet.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const { dependencies } = JSON.parse(readFileSync(`${folder}package.json`, "utf8"));
if (!Object.keys(dependencies).every((name) => existsSync(`${folder}node_modules/${name}`))) {
  console.log("installing the clouds' hosts, and handlers to run in them: a minute or two, once");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  process.exitCode = status ?? 1;
}
