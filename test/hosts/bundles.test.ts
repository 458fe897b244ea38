// What lies in each bundle of each target: of our providers' modules, exactly those that it needs.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Weight } from "../../src/build/report.ts";
import { remove } from "../dev/running.ts";
import { type BuiltApp, buildApp } from "./built.ts";
import { modules } from "./bundles.ts";

/** Two functions of one file, of which one needs a library. */
const neighbours = {
  "neighbours.ts": `
import { http, topic } from "faasten";
import { marker } from "./library/marker.ts";
export const needsIt = http.get("/marker", { access: "public", isolate: true }, () => new Response(marker()));
export const needsItNot = topic("tasks").subscribe(() => {});
`,
  "library/marker.ts": `
export const marker = (): string => "the marker of a library";
`,
};

const folders: string[] = [];
const build = (...args: Parameters<typeof buildApp>): BuiltApp => {
  const built = buildApp(...args);
  folders.push(built.folder);
  return built;
};

afterAll(() => {
  for (const folder of folders) remove(folder);
});

for (const [target, expected] of Object.entries(modules)) {
  describe(target, () => {
    test("each bundle has its own modules of the providers, and no others", () => {
      const { output } = build("orders", target);
      const weights = JSON.parse(readFileSync(join(output, "report.json"), "utf8")) as Record<string, Weight>;
      const found = Object.fromEntries(
        Object.entries(weights).map(([name, { modules }]) => [
          name,
          Object.keys(modules)
            .filter((module) => module.startsWith("providers/"))
            .map((module) => module.slice("providers/".length)),
        ]),
      );
      expect(found).toEqual(expected);
      const strangers = Object.values(weights).flatMap(({ modules }) =>
        Object.keys(modules).filter(
          (module) => module.startsWith("src/") && !/^src\/(?:blocks|functions|runtime|errors|once)/.test(module),
        ),
      );
      expect(strangers, "what only the tools need").toEqual([]);
    });

    test("what only a neighbour needs is dropped, and twice the same app is twice the same bytes", () => {
      const [one, two] = [build("behaviours", target, neighbours), build("behaviours", target, neighbours)];
      /** A function's own, or that of the whole app. */
      const bundle = (name: string): string => {
        const own = join(one.output, "functions", name, "index.mjs");
        return readFileSync(existsSync(own) ? own : join(one.output, "app/index.mjs"), "utf8");
      };
      expect(bundle("needsIt")).toContain("the marker of a library");
      expect(bundle("needsItNot")).not.toContain("the marker of a library");
      const zips = readdirSync(one.output, { recursive: true, encoding: "utf8" }).filter((name) =>
        name.endsWith(".zip"),
      );
      expect(zips.length).toBeGreaterThan(0);
      for (const zip of zips)
        expect(readFileSync(join(one.output, zip)).equals(readFileSync(join(two.output, zip))), zip).toBe(true);
    });
  });
}
