// Every component of every provider × every case of its block.
import {
  bindingCases,
  configurationCases,
  pubsubCases,
  secretStoreCases,
  serviceCallerCases,
  stateCases,
} from "../src/conformance/cases.ts";
import { bindings } from "./conformance/bindings.ts";
import { brokers } from "./conformance/brokers.ts";
import { configurationStores } from "./conformance/configuration-stores.ts";
import { prove } from "./conformance/prove.ts";
import { secretStores } from "./conformance/secret-stores.ts";
import { serviceCallers } from "./conformance/service-callers.ts";
import { stateStores } from "./conformance/state-stores.ts";

prove("state", stateCases, stateStores);
prove("pubsub", pubsubCases, brokers);
prove("bindings", bindingCases, bindings);
prove("secretstores", secretStoreCases, secretStores);
prove("configuration", configurationCases, configurationStores);
prove("invocation", serviceCallerCases, serviceCallers);
