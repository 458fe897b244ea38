// What every implementation of a contract must do: cases as data, for any runner.
export { type BindingHarness, type BindingReceiver, bindingCases } from "./binding.ts";
export { type Case, type Harness, lacks } from "./case.ts";
export { type ConfigurationHarness, configurationCases } from "./configuration-store.ts";
export { type PubSubHarness, pubsubCases, type Receiver } from "./pubsub.ts";
export { type SecretStoreHarness, secretStoreCases } from "./secret-store.ts";
export { type ServiceArrival, type ServiceHarness, serviceCallerCases } from "./service-caller.ts";
export { type StateHarness, stateCases } from "./state.ts";
