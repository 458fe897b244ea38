// What Google posts to a function that is not for browsers: headers and a body; a status is the whole reply.
import { type App, type ErrorCode, FaastenError, type Reply, respond, type Served } from "../../src/provider.ts";
import { createAdmit } from "./identity.ts";
import { bodyOf, type GoogleTrigger, type Message, type Service } from "./message.ts";

export interface Push {
  readonly service: string;
  readonly function: string;
  /** By lower-case names, as node:http has them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** What the triggers of pushes have in common. */
export const pushed: Pick<GoogleTrigger<Push>, "accepts" | "encode" | "receive"> = {
  accepts: (payload): payload is Push =>
    typeof payload === "object" && payload !== null && "headers" in payload && "body" in payload,

  /** 204 acknowledges; anything else has it come again, by the backoff of the subscription or the job. */
  encode(outcomes) {
    const done = outcomes.length > 0 && outcomes.every(({ kind }) => kind === "done" || kind === "drop");
    return reply(done ? 204 : 503);
  },

  receive({ app, journal, run, admit = createAdmit({ env: process.env }) }: Service) {
    const served = onlyOne(app);
    /** Before anything is read: whoever is not let in costs nothing. */
    async function take(message: Message): Promise<Reply> {
      if (message.method !== "POST") return reply(405);
      await admit(message.headers.authorization);
      const body = (await bodyOf(message, maxPushBytes)) ?? new Uint8Array();
      const push: Push = { service: app.service, function: served.name, headers: message.headers, body };
      return (await run(served, push, message)) as Reply;
    }
    return async (message, response) => {
      const answer = await take(message).catch((error: unknown) => {
        const refusal = error instanceof FaastenError ? refusals[error.code] : undefined;
        const what = refusal === undefined ? "could not be taken; it comes again" : "was refused";
        journal.write(refusal === undefined ? "error" : "warn", `a push ${what}`, { function: served.name }, { error });
        return reply(refusal ?? 503);
      });
      await respond(response, answer, journal, served.name);
    };
  },
};

/** One value of a header; `undefined`: there is none, or it is empty. */
export function header({ headers }: Push, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** None of these is acknowledged either. */
const refusals: Readonly<Partial<Record<ErrorCode, number>>> = { UNAUTHENTICATED: 401, DENIED: 403 };

/** A message of Pub/Sub's 10 MB, in base64, and its attributes. */
const maxPushBytes = 16 * 1024 * 1024;

function reply(status: number): Reply {
  return { status, headers: [], cookies: [], body: undefined };
}

function onlyOne({ service, functions }: App): Served {
  const [served, ...others] = functions;
  if (served && others.length === 0) return served;
  throw new FaastenError(
    "MISCONFIGURED",
    `${service}: what is pushed goes to one function, and this bundle has ${functions.length}`,
  );
}
