// Recorded calls of Lambda functions: our own fixtures, and those of the vendor where they lie beside the repository.
import { existsSync, readdirSync, readFileSync } from "node:fs";

export interface Recorded {
  readonly name: string;
  /** The fixture's or the vendor's file, without its ending. */
  readonly file: string;
  readonly text: string;
}

export const requestFiles: readonly string[] = ["http", "rest", "alb", "invocation"];
/** A bucket's own trigger goes before that of any event of a bus. */
export const eventFiles: readonly string[] = ["sqs", "sns", "s3", "s3-eventbridge", "eventbridge", "scheduler"];

export function recordedEvents(): readonly Recorded[] {
  const own = [...requestFiles, ...eventFiles].flatMap((file) => {
    const found = JSON.parse(readFileSync(new URL(`../fixtures/aws/${file}.json`, import.meta.url), "utf8"));
    const recorded = found as readonly { readonly name: string; readonly payload: unknown }[];
    return recorded.map(({ name, payload }) => ({ name: `${file}: ${name}`, file, text: JSON.stringify(payload) }));
  });
  const vendor = new URL("../../../shared/events/aws/", import.meta.url);
  if (!existsSync(vendor)) {
    console.log("skipped: the vendor's recorded events do not lie beside the repository");
    return own;
  }
  const files = readdirSync(vendor).filter((name) => name.endsWith(".json"));
  return [
    ...own,
    ...files.map((name) => ({
      name,
      file: name.slice(0, -".json".length),
      text: readFileSync(new URL(name, vendor), "utf8"),
    })),
  ];
}
