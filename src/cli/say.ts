// How a running plan tells of itself: its steps, and each line that the user's programs print.
import type { Say } from "../deploy/run.ts";
import { clean } from "../dev/prettify.ts";
import { styleOf } from "./columns.ts";

export function createSay(out: NodeJS.WriteStream): Say {
  const style = styleOf(out);
  const write = (text: string): void => void out.write(`${text}\n`);
  return {
    step(place, title, command) {
      write(`${style("bold", `[${place}]`)} ${clean(title)}`);
      write(style("dim", `  $ ${clean(command)}`));
    },
    note: (text) => write(style("dim", clean(text))),
    line: (text) => write(`  ${clean(text)}`),
  };
}
