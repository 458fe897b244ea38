// What every state store must do.
import { conditionCases } from "./state-conditions.ts";
import { expiryCases } from "./state-expiry.ts";
import type { StateCase } from "./state-harness.ts";
import { manyCases } from "./state-many.ts";
import { valueCases } from "./state-values.ts";

export type { StateHarness } from "./state-harness.ts";

export const stateCases: readonly StateCase[] = [...valueCases, ...conditionCases, ...expiryCases, ...manyCases];
