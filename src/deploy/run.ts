// Runs the steps of a plan, one after the other: stops at the first that fails, and goes on from there the next time.
import type { Change, Plan, ReadChanges, Step } from "../contracts/plan.ts";
import { FaastenError } from "../errors.ts";
import { isDue, toArgv, toText, type Values } from "./command.ts";
import { type Ended, runProcess } from "./process.ts";
import type { Progress } from "./progress.ts";
import { read } from "./reading.ts";

export interface RunOptions {
  readonly plan: Plan;
  readonly steps: readonly Step[];
  /** `.faasten/<target>`, absolute. */
  readonly folder: string;
  readonly values: Values;
  readonly changes: ReadChanges;
  /** Throws where what comes, changes and goes must not be. */
  readonly approve: (changes: readonly Change[]) => void;
  readonly progress?: Progress;
  readonly say: Say;
  /** Milliseconds. */
  readonly pause: (time: number) => Promise<void>;
}

export interface Say {
  step(place: string, title: string, command: string): void;
  /** Of the step before: skipped, tried again, still at it. */
  note(text: string): void;
  line(text: string): void;
}

export interface Ran {
  readonly values: Values;
  /** `undefined`: no step compared. */
  readonly changes: readonly Change[] | undefined;
}

/** Throws `UNAVAILABLE` with the step, the command and what to do, or what `approve` throws. */
export async function runSteps(options: RunOptions): Promise<Ran> {
  const { steps, progress, say, approve } = options;
  const done = new Set(progress?.done);
  let values: Values = { ...options.values, ...progress?.read };
  let changes: readonly Change[] | undefined;
  const since = new Map<string, number>();
  const forgetFrom = (id: string): number => {
    const from = steps.findIndex((one) => one.id === id);
    for (const one of steps.slice(from)) done.delete(one.id);
    return from;
  };
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index];
    if (!step || !isDue(step, values)) continue;
    const place = `${index + 1}/${steps.length}`;
    if (done.has(step.id) && !step.asks) {
      say.note(`[${place}] ${step.title}: done before`);
      continue;
    }
    say.step(place, step.title, toText(step.command, values));
    const waited = since.get(step.id) ?? 0;
    try {
      const ended = await once(step, values, options);
      if (ended.found !== undefined || isAbsent(step, ended))
        values = { ...values, ...readOf(step, ended.found, place, values) };
      else if (step.settles && isLate(step, ended) && waited < step.settles.seconds * 1000) {
        const time = Math.min(1000 * 2 ** Math.floor(Math.log2(1 + waited / 1000)), 30_000);
        since.set(step.id, waited + time);
        say.note(`${step.settles.what} takes a while to be known everywhere: again in ${time / 1000} s`);
        await options.pause(time);
        index = forgetFrom(step.settles.again ?? step.id) - 1;
        continue;
      } else throw await failure(step, ended, place, values, options);
      if (step.compares) {
        changes = options.changes(ended.found ?? "", options.plan.resources);
        values = { ...values, changes: changes.length > 0 ? "some" : "none" };
        approve(changes);
      }
    } catch (error) {
      forgetFrom(step.resume ?? step.id);
      progress?.save(done, readBy(values, options.values));
      throw error;
    }
    done.add(step.id);
    progress?.save(done, readBy(values, options.values));
  }
  progress?.clear();
  return { values, changes };
}

interface Tried extends Ended {
  /** What it printed, if it went well. */
  readonly found: string | undefined;
}

async function once(step: Step, values: Values, { folder, plan, say }: RunOptions): Promise<Tried> {
  const begun = Date.now();
  const beat = setInterval(() => say.note(`${Math.round((Date.now() - begun) / 1000)} s`), 30_000);
  try {
    const ended = await runProcess(toArgv(step.command, values), {
      folder,
      environment: plan.environment,
      reads: step.reads !== undefined || step.compares === true,
      // What may fail and be well is told once it is neither.
      line: (text) => (step.absent && !step.settles ? undefined : say.line(text)),
    });
    return { ...ended, found: ended.code === 0 ? ended.stdout : undefined };
  } finally {
    clearInterval(beat);
  }
}

function isAbsent({ absent = [] }: Step, { stdout, stderr }: Ended): boolean {
  return absent.some((text) => stderr.includes(text) || stdout.includes(text));
}

function isLate({ settles }: Step, { stdout, stderr }: Ended): boolean {
  return settles?.says.some((text) => stderr.includes(text) || stdout.includes(text)) === true;
}

function readOf(step: Step, printed: string | undefined, place: string, values: Values): Values {
  try {
    return read(step, printed);
  } catch (error) {
    if (!(error instanceof FaastenError)) throw error;
    throw new FaastenError("UNAVAILABLE", story(step, place, values, error.message), { cause: error });
  }
}

async function failure(
  step: Step,
  ended: Ended,
  place: string,
  values: Values,
  options: RunOptions,
): Promise<FaastenError> {
  const { code, stderr, stdout } = ended;
  const last = (stderr.trim() || stdout.trim()).split("\n").slice(-8).join("\n");
  if (step.explains) {
    options.say.note("why:");
    const { folder, plan, say } = options;
    const command = toArgv(step.explains, values);
    await runProcess(command, { folder, environment: plan.environment, reads: false, line: say.line });
  }
  const how = code === undefined ? "could not be run to its end" : `ended with ${code}`;
  return new FaastenError("UNAVAILABLE", story(step, place, values, `it ${how}${last === "" ? "" : `:\n${last}`}`));
}

function story({ title, command, mend }: Step, place: string, values: Values, what: string): string {
  return `step ${place}, "${title}": ${what}\n  the command: ${toText(command, values)}\n  what to do: ${mend}; then give the same command again: it goes on from here`;
}

function readBy(values: Values, known: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => known[name] !== value));
}
