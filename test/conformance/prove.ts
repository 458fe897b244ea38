// Components × the cases of their block, with a table of what each did.
import { afterAll, describe, test } from "vitest";
import { type Case, type Harness, lacks } from "../../src/conformance/cases.ts";

type Verdict = "pass" | "fail" | `lacks ${string}`;

/** `open` gives each case a harness of its own, and what ends it. */
export function prove<H extends Harness>(
  block: string,
  cases: readonly Case<H>[],
  components: Readonly<Record<string, () => Promise<[harness: H, close: () => Promise<void>]>>>,
): void {
  const names = Object.keys(components);
  const table = new Map(cases.map(({ name }) => [name, new Map<string, Verdict>()]));
  afterAll(() => console.log(report(block, names, table)));

  for (const [name, open] of Object.entries(components)) {
    describe.concurrent(name, () => {
      for (const each of cases) {
        test(each.name, async ({ skip }) => {
          const [harness, close] = await open();
          const verdicts = table.get(each.name);
          try {
            const lacking = lacks(each, harness);
            if (lacking) {
              verdicts?.set(name, `lacks ${lacking}`);
              skip(`lacks ${lacking}`);
            }
            verdicts?.set(name, "fail");
            await each.run(harness);
            verdicts?.set(name, "pass");
          } finally {
            await close();
          }
        });
      }
    });
  }
}

function report(
  block: string,
  names: readonly string[],
  table: ReadonlyMap<string, ReadonlyMap<string, Verdict>>,
): string {
  const rows = [...table].map(([name, verdicts]) => [...names.map((each) => verdicts.get(each) ?? "not run"), name]);
  const lines = [[...names, `${block}: ${table.size} cases`], ...rows];
  const widths = names.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).join("\n");
}
