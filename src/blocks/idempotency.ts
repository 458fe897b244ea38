// Once for each key: claim, run, keep the answer. Derived from any StateStore by compare-and-set alone.
//
//   (none) ──claim──▶ busy ──answer──▶ done          busy ──work failed──▶ (none)
//   busy, its time over ──claim by another──▶ busy   done ──a day later──▶ (none)
//
// Honest limit: the work runs at most once only while nobody outlives a claim, and again after a crash inside it.
import type { Value } from "../contracts/component.ts";
import type { Grant, Invocation } from "../contracts/function.ts";
import type { Etag, SetOptions, StateStore } from "../contracts/state.ts";
import { FaastenError } from "../errors.ts";

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

async function attempt<T>(
  store: StateStore,
  invocation: Invocation,
  task: Task<T>,
  work: () => Promise<T>,
): Promise<Answer<T>> {
  const crypto = process.getBuiltinModule("node:crypto");
  const key = crypto.hash("sha256", `${invocation.function}\n${task.key}`, "base64url");
  const content = crypto.hash("sha256", task.content ?? "", "base64url");
  const until = Math.min(invocation.deadline, Date.now() + longestClaim) + skew;
  const mine: Claim = { state: "busy", claim: crypto.randomUUID(), until, content };

  const claimed = await claim(store, key, mine, invocation.signal);
  if (typeof claimed !== "string") {
    const { state, ...found } = claimed;
    if (found.content !== content) return { kind: "other" };
    if ("until" in found) return { kind: "busy", until: found.until };
    return {
      kind: "answer",
      repeated: true,
      value: found.answer === undefined ? task.keep.lost() : task.keep.read(found.answer),
    };
  }

  const finish = (etag: Etag, answer: string | undefined) => settle(store, key, etag, mine, answer, invocation);
  try {
    const value = await work();
    await finish(claimed, await task.keep.write(value));
    return { kind: "answer", value, repeated: false };
  } catch (error) {
    await finish(claimed, undefined);
    throw error;
  }
}

/** The etag of our claim, or what stands there instead: no read where nothing stands. */
async function claim(store: StateStore, key: string, mine: Claim, signal: AbortSignal): Promise<Etag | Claim> {
  let free: SetOptions = { ifAbsent: true };
  for (;;) {
    const etag = await write(store, key, mine, { ...free, signal });
    if (etag !== undefined) return etag;
    const found = await store.get(key, { signal });
    const there = found && read(found.value);
    if (found && there?.claim === mine.claim) return found.etag;
    if (there && (there.state === "done" || there.until > Date.now())) return there;
    free = found ? { ifEtag: found.etag } : { ifAbsent: true };
  }
}

/** Turns our claim into its answer, or takes it away. Never a word over another's: only while the claim is still ours. */
async function settle(
  store: StateStore,
  key: string,
  etag: Etag,
  mine: Claim,
  answer: string | undefined,
  { log, signal }: Invocation,
): Promise<void> {
  const own = { ifEtag: etag };
  try {
    if (answer === undefined) {
      await store.delete(key, own);
      return;
    }
    const done: Claim = { state: "done", claim: mine.claim, content: mine.content, answer };
    const fits = Buffer.byteLength(JSON.stringify(done)) <= Math.min(store.maxValueBytes ?? largest, largest);
    const { answer: _, ...bare } = done;
    const written = await write(store, key, fits ? done : bare, {
      ...own,
      signal: signal.aborted ? AbortSignal.timeout(skew) : signal,
    });
    if (written === undefined && !(await stands(store, key, mine)))
      log.warn("the claim ran out before the work did: it may have run twice");
  } catch (error) {
    log.error("the answer could not be kept: a repeat may run again once the claim is over", { error });
  }
}

async function stands(store: StateStore, key: string, mine: Claim): Promise<boolean> {
  const found = await store.get(key);
  return found !== undefined && read(found.value).claim === mine.claim;
}

/** `undefined` where the write did not happen, or where its reply was lost: who reads then sees by its mark whether it did. */
async function write(store: StateStore, key: string, claim: Claim, options: SetOptions): Promise<Etag | undefined> {
  const expiresAt = ("until" in claim ? claim.until : Date.now()) + kept;
  try {
    return await store.set(key, { json: JSON.stringify(claim) }, { ...options, expiresAt });
  } catch (error) {
    if (error instanceof FaastenError && (error.code === "UNAVAILABLE" || error.code === "INTERNAL")) return undefined;
    throw error;
  }
}

function read(value: Value): Claim {
  return JSON.parse("json" in value ? value.json : new TextDecoder().decode(value.bytes)) as Claim;
}
