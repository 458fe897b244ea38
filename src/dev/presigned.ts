// The addresses that bindings of this machine have signed, below `/_faasten/bindings/`: they are asked without the token.
import type { IncomingMessage } from "node:http";
import type { Local } from "../../providers/local/host.ts";
import { FaastenError } from "../errors.ts";
import { fromNode, readBody } from "../runtime/node-http.ts";
import { type Reply, toReply } from "../runtime/response.ts";
import { toProblem } from "../runtime/routes.ts";
import { guardOrigin } from "./guard.ts";

export interface Presigned {
  /** Tells the bindings where they answer. One that cannot be opened tells whoever uses it. */
  open(port: number): Promise<void>;
  /** `undefined`: the request is for no such address. */
  answer(message: IncomingMessage): Promise<Reply> | undefined;
}

const prefix = "/_faasten/bindings/";

export function createPresigned(local: Local): Presigned {
  let answers: Awaited<ReturnType<Local["sign"]>> = new Map();
  let port = 0;

  async function reply(answer: (request: Request) => Promise<Response>, message: IncomingMessage): Promise<Reply> {
    try {
      guardOrigin(message, port);
      const body = await readBody(message, largest);
      if (body && body.length > largest)
        throw new FaastenError("TOO_LARGE", `at most ${largest} bytes can be sent to this address`);
      const { request } = fromNode(message, body);
      return toReply(await answer(request));
    } catch (error) {
      return toReply(toProblem(error, local.runner.journal));
    }
  }

  return {
    async open(served) {
      port = served;
      answers = await local.sign(`http://127.0.0.1:${port}${prefix}`);
    },
    answer(message) {
      const path = message.url?.split("?")[0] ?? "";
      const answer = path.startsWith(prefix) ? answers.get(path.slice(prefix.length)) : undefined;
      return answer && reply(answer, message);
    },
  };
}

/** Bytes. */
const largest = 64 * 1024 * 1024;
