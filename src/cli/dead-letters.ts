// faasten dead-letters
import { findRunning } from "./running.ts";

export interface DeadLetterFlags {
  readonly redrive?: string;
  readonly redriveAll?: boolean;
}

/** The letters, or those that were sent back, as JSON. */
export async function deadLetters(name: string, { redrive, redriveAll = false }: DeadLetterFlags): Promise<void> {
  const running = findRunning();
  const path = `/functions/${encodeURIComponent(name)}/dead-letters`;
  const letters =
    redrive === undefined
      ? ((await running.ask("GET", path)) as readonly { readonly id: string }[])
      : [{ id: redrive }];
  if (redrive !== undefined || redriveAll) {
    for (const { id } of letters) await running.ask("POST", `${path}/${encodeURIComponent(id)}/redrive`);
    console.error(`${letters.length} back in the inbox of ${name}`);
  }
  console.log(JSON.stringify(letters, null, 2));
}
