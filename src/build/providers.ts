// The providers, by name. Nothing else in src names one.
import type { Provider } from "../contracts/provider.ts";

export type Target = "local" | "aws" | "azure" | "gcp";
export const targets: readonly Target[] = ["local", "aws", "azure", "gcp"];

/** The page of one target. */
export async function providerOf(target: Target): Promise<Provider> {
  switch (target) {
    case "local":
      return (await import("../../providers/local/index.ts")).local;
    case "aws":
      return (await import("../../providers/aws/index.ts")).aws;
    case "azure":
      return (await import("../../providers/azure/index.ts")).azure;
    case "gcp":
      return (await import("../../providers/gcp/index.ts")).gcp;
  }
}

/** All pages: `local`'s components may be bound on any target. */
export async function allProviders(): Promise<readonly Provider[]> {
  return Promise.all(targets.map(providerOf));
}
