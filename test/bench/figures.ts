// Medians with their range, and ratios pair by pair: on a machine with other work, only what ran side by side compares.

export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function figure(values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** The `a` of each round over its `b`. */
export function ratio(a: readonly number[], b: readonly number[]): Figure {
  return figure(a.map((value, round) => value / (b[round] ?? Number.NaN)));
}

/** What each round's `a` is over its `b`. */
export function difference(a: readonly number[], b: readonly number[]): Figure {
  return figure(a.map((value, round) => value - (b[round] ?? Number.NaN)));
}

export function show({ median, min, max }: Figure, digits = 0): string {
  const [middle, low, high] = [median, min, max].map((value) =>
    value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  );
  return `${middle} (${low}–${high})`;
}

export function shuffled<T>(list: readonly T[]): readonly T[] {
  return list
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** One measurement of each a round, in random order; gives the results of each. */
export async function inRounds<T, R>(
  rounds: number,
  items: readonly T[],
  measure: (item: T) => R | Promise<R>,
): Promise<R[][]> {
  const results = new Map<T, R[]>(items.map((item) => [item, []]));
  for (let round = 0; round < rounds; round++) {
    for (const item of shuffled(items)) results.get(item)?.push(await measure(item));
  }
  return [...results.values()];
}

/** Whether a target holds. */
export function verdict(holds: boolean): string {
  return holds ? "yes" : "**no**";
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return `${lines.join("\n")}\n`;
}
