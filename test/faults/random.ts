// Random numbers that a seed repeats.

/** The seed of this run: `FAASTEN_SEED`, or a new one. */
export function seedOf(environment: NodeJS.ProcessEnv = process.env): number {
  const seed = Number(environment["FAASTEN_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`FAASTEN_SEED=${seed}`);
  return seed;
}

/** Numbers from 0 to 1: a counter, its bits mixed by the finaliser of MurmurHash3. */
export function createRandom(seed: number): () => number {
  let counter = seed;
  return () => {
    counter = (counter + 0x9e3779b9) | 0;
    let mixed = counter;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
