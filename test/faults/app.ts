// The app that is killed: it writes, it publishes, and tells a journal of each delivery before and after.
import { appendFileSync } from "node:fs";
import { http, state, topic } from "faasten";

interface Message {
  readonly id: string;
  readonly lane?: string;
}

const written = state("written");
const handled = state("handled");
const plain = topic<Message>("plain");
const ordered = topic<Message>("ordered", { orderBy: ({ lane = "" }) => lane });

/** More than a message can be interrupted within one run: leases last longer than most rounds. */
export const attempts = 20;

export const write = http.put("/written/:id", { uses: { written: written.readWrite } }, async (_request, context) => {
  await context.written.set(context.params.id, true);
  return new Response(null, { status: 204 });
});

export const publish = http.post(
  "/published",
  { uses: { plain: plain.publish, ordered: ordered.publish } },
  async (request, context) => {
    const message = (await request.json()) as Message;
    await (message.lane === undefined ? context.plain : context.ordered).publish(message, { id: message.id });
    return new Response(null, { status: 202 });
  },
);

/** Which process it is that answers. */
export const pid = http.get("/pid", () => Response.json(process.pid));

const handle = (id: string, attempt: number | undefined, keep: () => Promise<unknown>): Promise<void> =>
  noted(`${process.pid} ${id} ${attempt}`, async () => {
    await new Promise((resume) => setTimeout(resume, 5 + Math.random() * 15));
    await keep();
  });

export const onPlain = plain.subscribe(
  { attempts, uses: { handled: handled.readWrite } },
  ({ data, attempt }, { handled }) => handle(data.id, attempt, () => handled.set(data.id, true)),
);

export const onOrdered = ordered.subscribe(
  { attempts, uses: { handled: handled.readWrite } },
  ({ data, attempt }, { handled }) => handle(data.id, attempt, () => handled.set(data.id, true)),
);

async function noted(what: string, work: () => Promise<void>): Promise<void> {
  const journal = process.env["JOURNAL"] ?? "journal";
  appendFileSync(journal, `begin ${what}\n`);
  await work();
  appendFileSync(journal, `end ${what}\n`);
}
