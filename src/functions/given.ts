// What a declaration is given: its options, where there are any, and its handler.
import { FaastenError } from "../errors.ts";

/** `what`: the path, the topic… Throws `INVALID` where there is no handler: most often it is imported by a name that is not there. */
export function given<Options, Handler>(all: readonly unknown[], what: string): [Options, Handler] {
  const [options, handler] = all.length > 1 ? all : [{}, all[0]];
  if (!import.meta.without?.checks && typeof handler !== "function")
    throw new FaastenError(
      "INVALID",
      `the declaration of "${what}" lacks its handler: the last of what it is given is no function`,
    );
  return [options, handler] as [Options, Handler];
}
