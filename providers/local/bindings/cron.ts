// A clock as a component: the build reads its schedule, and what runs the functions on it is the platform's own clock.
// https://docs.dapr.io/reference/components-reference/supported-bindings/cron/
import type { Binding, Create } from "../../../src/provider.ts";

export const create: Create<Binding> = () => ({});
