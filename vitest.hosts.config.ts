// The tests that `npm run test:hosts` runs: bundles inside the clouds' own function hosts.
import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

const { test: _, ...rest } = base;

export default defineConfig(
  mergeConfig(rest, {
    test: {
      include: ["test/hosts/*.test.ts"],
      exclude: ["**/node_modules/**"],
      testTimeout: 60_000,
      hookTimeout: 120_000,
      maxWorkers: 2,
    },
  }),
);
