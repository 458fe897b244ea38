// The tests that `npm run test:oracles` runs: what vendors and long-trusted projects say of ours, each built or fetched when it is first asked.
import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

process.env["FAASTEN_ORACLES"] = String(process.pid);
const { test: _, ...rest } = base;

export default defineConfig(
  mergeConfig(rest, {
    test: {
      include: ["test/oracles/*.test.ts"],
      exclude: ["**/node_modules/**"],
      globalSetup: ["test/oracles/unavailable.ts", "test/oracles/installed.ts"],
      testTimeout: 600_000,
      hookTimeout: 1_800_000,
    },
  }),
);
