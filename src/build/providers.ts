// The providers, by name. Nothing else in src names one.
import type { Provider } from "../contracts/provider.ts";

export type Target = "local";
export const targets: readonly Target[] = ["local"];

/** The page of one target. */
export async function providerOf(target: Target): Promise<Provider> {
  const load: Readonly<Record<Target, () => Promise<Provider>>> = {
    local: async () => (await import("../../providers/local/index.ts")).local,
  };
  return load[target]();
}

/** All pages: `local`'s components may be bound on any target. */
export async function allProviders(): Promise<readonly Provider[]> {
  return Promise.all(targets.map(providerOf));
}
