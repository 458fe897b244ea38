// One planned instant of a schedule.
import type { Outcome, Trigger } from "../../../src/provider.ts";

export interface PlannedRun {
  readonly function: string;
  readonly service: string;
  /** Unix milliseconds. */
  readonly planned: number;
  readonly attempt?: number;
}

export const trigger: Trigger<PlannedRun, Outcome | undefined> = {
  name: "local.clock",
  accepts: (payload): payload is PlannedRun => typeof payload === "object" && payload !== null && "planned" in payload,
  decode({ payload }) {
    const time = new Date(payload.planned).toISOString();
    const id = `${payload.function}/${time}`;
    const { service: source, attempt } = payload;
    const event = { specversion: "1.0", id, source, type: "dev.faasten.schedule", time } as const;
    return [{ kind: "event", event, ...(attempt !== undefined && { attempt }) }];
  },
  encode: ([outcome]) => outcome,
};
