// What a run of the scenario was made of: two targets that ran the same have the same text.
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The hash of the steps, and that of the app's source. Each target holds it to one file. */
export function whatRan(): string {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const app = globSync("templates/orders/src/*.ts", { cwd: root }).sort();
  return [["test/portable/scenario.ts"], app]
    .map((files) => {
      const hash = createHash("sha256");
      for (const file of files) hash.update(readFileSync(`${root}/${file}`));
      return `${hash.digest("hex")}  ${files.length === 1 ? files[0] : "templates/orders/src"}\n`;
    })
    .join("");
}
