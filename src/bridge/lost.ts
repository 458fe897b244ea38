// Tells when nothing can reach an object any more.

/** `lost` is called some time after that, if in these milliseconds, and must not hold the object. Returns how to give up. */
export type Watch = (one: object, lost: () => void, within: number) => () => void;

interface Watched {
  readonly held: WeakRef<object>;
  readonly lost: () => void;
  readonly until: number;
}

/** A collection costs milliseconds: they are kept to a twentieth of the time, and there is none while nobody waits. */
export function createWatch(): Watch {
  const waiting = new Set<Watched>();
  let planned = false;
  let took = 0;
  let collect: (() => void) | undefined;

  function plan(): void {
    if (planned || waiting.size === 0) return;
    planned = true;
    setTimeout(look, Math.max(10, took * 20));
  }

  function look(): void {
    planned = false;
    if (waiting.size === 0) return;
    const begun = performance.now();
    collect ??= collector();
    collect();
    took = performance.now() - begun;
    for (const watched of waiting) {
      const lost = watched.held.deref() === undefined;
      if (lost || watched.until < performance.now()) waiting.delete(watched);
      if (lost) watched.lost();
    }
    plan();
  }

  return (one, lost, within) => {
    const watched = { held: new WeakRef(one), lost, until: performance.now() + within };
    waiting.add(watched);
    plan();
    return () => void waiting.delete(watched);
  };
}

/** Node has it behind a flag that can be set while it runs, for contexts made from then on. */
function collector(): () => void {
  process.getBuiltinModule("node:v8").setFlagsFromString("--expose-gc");
  return process.getBuiltinModule("node:vm").runInNewContext("gc");
}
