// Where a provider's modules lie: the rule that makes a component's type the path of its file.
import { extname } from "node:path";
import type { Provider } from "../contracts/provider.ts";

/** `state.aws.dynamodb` → `<aws>/state/dynamodb`, `state.sqlite` → `<local>/state/sqlite`, `pubsub.azure.servicebus.topics` → `<azure>/pubsub/servicebus-topics`, `invocation.local` → `<local>/invocation/local`. */
export function componentModule(type: string, owner: Provider): URL {
  const [block = "", ...rest] = type.split(".");
  const service = rest[0] === owner.name && rest.length > 1 ? rest.slice(1) : rest;
  return moduleOf(owner, `${block}/${service.join("-")}`);
}

/** A module by its path from the page. It ends as the page does: `.ts` in the repository, `.js` in the package. */
export function moduleOf(provider: Provider, path: string): URL {
  return new URL(`./${path}${extname(new URL(provider.page).pathname)}`, provider.page);
}

/** Whose type it is. */
export function ownerOf(type: string, providers: readonly Provider[]): Provider | undefined {
  return providers.find(({ components }) => Object.hasOwn(components, type));
}
