// The client of the app that is killed: it remembers what was acknowledged, and what was sent and not answered.

export interface Client {
  /** Writes and publishes until the signal, several at a time. No other user may have the same lanes meanwhile. */
  keepBusy(url: string, user: string, signal: AbortSignal): Promise<void>;
  /** Some more at once. */
  burst(url: string): void;
  /** Publishes that this server has been sent and has not answered. */
  unanswered(url: string): number;
  readonly writes: ReadonlySet<string>;
  readonly messages: ReadonlySet<string>;
}

const lanes = ["north", "east", "south", "west"];

export function createClient(): Client {
  const writes = new Set<string>();
  const messages = new Set<string>();
  const pending = new Map<string, number>();
  const sent = new Map<string, number>();

  function next(kind: string): string {
    const number = (sent.get(kind) ?? 0) + 1;
    sent.set(kind, number);
    return `${kind}.${number}`;
  }

  async function write(url: string): Promise<void> {
    const id = next("write");
    const { status } = await fetch(`${url}/written/${id}`, { method: "PUT" });
    if (status === 204) writes.add(id);
    else throw new Error(`a write was answered by ${status}`);
  }

  async function publish(url: string, lane?: string): Promise<void> {
    const id = next(lane ?? "plain");
    pending.set(url, (pending.get(url) ?? 0) + 1);
    try {
      const { status } = await fetch(`${url}/published`, { method: "POST", body: JSON.stringify({ id, lane }) });
      if (status === 202) messages.add(id);
      else throw new Error(`a publish was answered by ${status}`);
    } finally {
      pending.set(url, (pending.get(url) ?? 1) - 1);
    }
  }

  return {
    writes,
    messages,
    unanswered: (url) => pending.get(url) ?? 0,

    burst(url) {
      for (const work of [publish(url), publish(url), publish(url), publish(url), write(url)])
        work.catch(() => undefined);
    },

    async keepBusy(url, user, signal) {
      let turn = 0;
      const again = async (work: () => Promise<void>): Promise<void> => {
        while (!signal.aborted) {
          try {
            await work();
          } catch (error) {
            if (!signal.aborted && !isLost(error)) throw error;
          }
          await pause(5);
        }
      };
      await Promise.all([
        again(() => write(url)),
        again(() => publish(url)),
        again(() => publish(url)),
        // One request at a time: else nobody knows in which order a lane was published.
        again(() => publish(url, `${lanes[turn++ % lanes.length]}-${user}`)),
      ]);
    },
  };
}

/** The connection broke, so that nobody knows what happened; any answer is an answer. */
function isLost(error: unknown): boolean {
  return error instanceof TypeError;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, milliseconds));
}
