// How long to wait before the same is tried again.

/** Waits before the next round, the first being 0: longer each time, up to a quarter of a second, and never the same as others. */
export async function backOff(round: number): Promise<void> {
  await new Promise((resume) => setTimeout(resume, Math.random() * Math.min(250, 4 * 2 ** round)));
}
