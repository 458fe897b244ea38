// The tests that `npm run test:frameworks` runs: the packed package under the Serverless Framework, in both versions.
import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

const { test: _, ...rest } = base;

export default defineConfig(
  mergeConfig(rest, {
    test: {
      include: ["test/frameworks/*.test.ts"],
      exclude: ["**/node_modules/**"],
      globalSetup: ["test/frameworks/packed.ts"],
      // The framework alone takes seconds, and the machine may be a busy one.
      testTimeout: 600_000,
      hookTimeout: 300_000,
      fileParallelism: false,
    },
  }),
);
