// Bytes by room: what of a function's bundle is the runtime's.
import type { Workshop } from "./bundles.ts";
import { table, verdict } from "./figures.ts";

const measured = [
  { entry: "place", says: "HTTP, state, publish", most: 15 },
  { entry: "ship", says: "subscriber, state", most: 8 },
] as const;

/** Gives the table. */
export function size({ weight }: Workshop): string {
  const rows = measured.flatMap(({ entry, says, most }) =>
    ["aws", "azure", "gcp"].map((target) => {
      const { bytes, rooms } = weight(entry, target);
      const { src = 0, ...others } = rooms;
      const rest = Object.entries(others).map(([room, weight]) => `${room} ${kilobytes(weight)}`);
      return [
        `${says}, ${target}`,
        kilobytes(bytes),
        kilobytes(src),
        rest.join(", "),
        `≤ ${most}: ${verdict(src <= most * 1024)}`,
      ];
    }),
  );
  return table(["a bundle's KB, minified", "whole", "`src`", "other rooms", "target for `src`"], rows);
}

function kilobytes(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}
