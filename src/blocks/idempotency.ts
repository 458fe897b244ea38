// Once for each key: claim, run, keep the answer. Derived from any StateStore by compare-and-set alone.
//
//   (none) ──claim──▶ busy ──answer──▶ done          busy ──work failed──▶ (none)
//   busy, its time over ──claim by another──▶ busy   done ──a day later──▶ (none)
//
// What the document says decides, never what a write seemed to do: one whose reply was lost is looked up by its mark.
// Honest limit: the work runs at most once only while nobody outlives a claim, and again after a crash inside it.
import type { Value } from "../contracts/component.ts";
import type { Grant, Invocation } from "../contracts/function.ts";
import type { Etag, SetOptions, StateStore } from "../contracts/state.ts";
import { type ErrorCode, FaastenError } from "../errors.ts";
import { backOff } from "./backoff.ts";

/** How an answer is kept, and read again. */
export interface Keep<T> {
  /** `undefined`: nothing was achieved, so the key is free again. */
  write(answer: T): string | undefined | Promise<string | undefined>;
  read(text: string): T;
  /** The answer to a repeat whose own was too large to keep. */
  lost(): T;
}

export interface Task<T> {
  readonly key: string;
  /** What must be the same in every repeat; left out: nothing. */
  readonly content?: string;
  readonly keep: Keep<T>;
}

export type Answer<T> =
  | { readonly kind: "answer"; readonly value: T; readonly repeated: boolean }
  /** Another one is at it, until this time (Unix milliseconds) at the latest. */
  | { readonly kind: "busy"; readonly until: number }
  /** The key was used before, for something else. */
  | { readonly kind: "other" };

export interface Idempotency {
  /** Rejects with what `work` rejects with, and with `UNAVAILABLE` where no claim can be made: then nothing has run. */
  once<T>(task: Task<T>, work: () => Promise<T>): Promise<Answer<T>>;
}

/** Where claims lie: the state component `idempotency`. */
export const idempotency: Grant<Idempotency> = {
  block: "state",
  component: "idempotency",
  right: "readWrite",
  open: (open, invocation) => ({
    async once(task, work) {
      return attempt((await open()) as StateStore, invocation, task, work);
    },
  }),
};

type Claim =
  | { readonly state: "busy"; readonly claim: string; readonly until: number; readonly content: string }
  | { readonly state: "done"; readonly claim: string; readonly content: string; readonly answer?: string };

/** Clocks of two machines may differ by this much. */
const skew = 2_000;
const kept = 24 * 3_600_000;
const longestClaim = 3_600_000;
/** Every store takes this much. */
const largest = 256 * 1024;
/** A store that fails more often than this while a claim is made or settled is given up. */
const patience = 5;

async function attempt<T>(
  store: StateStore,
  invocation: Invocation,
  task: Task<T>,
  work: () => Promise<T>,
): Promise<Answer<T>> {
  const crypto = process.getBuiltinModule("node:crypto");
  const key = crypto.hash("sha256", `${invocation.function}\n${task.key}`, "base64url");
  const content = crypto.hash("sha256", task.content ?? "", "base64url");
  const end = Math.min(invocation.deadline, Date.now() + longestClaim);
  const until = end - Date.now() + invocation.now() + skew;
  const mine: Claim = { state: "busy", claim: crypto.randomUUID(), until, content };
  const place = { store, key, mine, end, invocation };

  const claimed = await claim(place);
  if (typeof claimed !== "string") return repeated(claimed, content, task.keep);
  let value: T;
  let answer: string | undefined;
  try {
    value = await work();
    answer = await task.keep.write(value);
  } catch (error) {
    await settle(place, claimed, undefined);
    throw error;
  }
  const other = await settle(place, claimed, answer);
  return other ? repeated(other, content, task.keep) : { kind: "answer", value, repeated: false };
}

function repeated<T>(found: Claim, content: string, keep: Keep<T>): Answer<T> {
  if (found.content !== content) return { kind: "other" };
  if (found.state === "busy") return { kind: "busy", until: found.until };
  return {
    kind: "answer",
    repeated: true,
    value: found.answer === undefined ? keep.lost() : keep.read(found.answer),
  };
}

/** One run's claim on one key. */
interface Place {
  readonly store: StateStore;
  readonly key: string;
  readonly mine: Claim;
  /** When the run ends, at the latest. */
  readonly end: number;
  readonly invocation: Invocation;
}

/** The etag of our claim, or what stands there instead: no read where nothing stands. */
async function claim(place: Place): Promise<Etag | Claim> {
  const { store, key, mine, end, invocation } = place;
  const { signal } = invocation;
  const failures = new Failures();
  let free: SetOptions = { ifAbsent: true };
  for (let round = 0; ; round++) {
    const etag = await write(place, mine, { ...free, signal }).catch(failures.note);
    if (typeof etag === "string") return etag;
    const found = await store.get(key, { signal }).catch(failures.note);
    const there = found && read(found.value);
    if (found && there?.claim === mine.claim) return found.etag;
    if (there && (there.state === "done" || there.until > invocation.now())) return there;
    if (failures.enough || signal.aborted || Date.now() >= end) {
      throw new FaastenError("UNAVAILABLE", "state idempotency: its store took no claim, so nothing was run", {
        cause: failures.last,
      });
    }
    free = found ? { ifEtag: found.etag } : { ifAbsent: true };
    await backOff(round);
  }
}

/**
 * Turns our claim into its answer, or takes it away: only while it is still ours. Gives what another has put there since
 * our claim ran out. Never rejects: the work is done, whatever becomes of its answer.
 */
async function settle(place: Place, claimed: Etag, answer: string | undefined): Promise<Claim | undefined> {
  const { store, key, mine, end } = place;
  const { log, signal } = place.invocation;
  const failures = new Failures();
  const final = answer === undefined ? undefined : doneWith(answer, mine, store);
  let etag = claimed;
  try {
    for (let round = 0; ; round++) {
      const own = { ifEtag: etag, signal: signal.aborted ? AbortSignal.timeout(skew) : signal };
      const written = await (final ? write(place, final, own) : store.delete(key, own)).catch(failures.note);
      if (written === true || typeof written === "string") return undefined;
      const found = await store.get(key, { signal: own.signal }).catch(failures.note);
      const there = found && read(found.value);
      if (there && there.claim !== mine.claim) {
        log.warn("the claim ran out before the work did: it may have run twice");
        return there;
      }
      if (there?.state === "done" || (found === undefined && !final)) return undefined;
      if (failures.enough || Date.now() >= end) throw failures.last;
      if (found) etag = found.etag;
      await backOff(round);
    }
  } catch (error) {
    log.error("what was claimed could not be settled: a repeat runs again once the claim is over", { error });
    return undefined;
  }
}

function doneWith(answer: string, { claim, content }: Claim, { maxValueBytes = largest }: StateStore): Claim {
  const whole: Claim = { state: "done", claim, content, answer };
  const fits = Buffer.byteLength(JSON.stringify(whole)) <= Math.min(maxValueBytes, largest);
  return fits ? whole : { state: "done", claim, content };
}

/** Calls that failed while one claim was made or settled. The next look at the document tells what became of them. */
class Failures {
  last: unknown;
  #count = 0;

  /** Throws what trying again cannot mend. */
  readonly note = (error: unknown): null => {
    if (error instanceof FaastenError && hopeless.has(error.code)) throw error;
    this.last = error;
    this.#count += 1;
    return null;
  };

  get enough(): boolean {
    return this.#count > patience;
  }
}

const hopeless: ReadonlySet<ErrorCode> = new Set(["INVALID", "TOO_LARGE", "DENIED", "UNSUPPORTED", "MISCONFIGURED"]);

async function write({ store, key, invocation }: Place, claim: Claim, options: SetOptions): Promise<Etag | undefined> {
  const expiresAt = ("until" in claim ? claim.until : invocation.now()) + kept;
  return store.set(key, { json: JSON.stringify(claim) }, { ...options, expiresAt });
}

function read(value: Value): Claim {
  const text = "json" in value ? value.json : new TextDecoder().decode(value.bytes);
  const found = parsed(text);
  if (typeof found === "object" && found !== null && "claim" in found && "state" in found) return found as Claim;
  throw new FaastenError(
    "MISCONFIGURED",
    "state idempotency: it holds something else than claims: give it a store alone",
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
