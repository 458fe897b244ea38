// The tests that `npm test` runs. Heavier proofs have configurations and scripts of their own.
import { defineConfig } from "vitest/config";

export default defineConfig({
  ssr: { resolve: { conditions: ["faasten-source"] } },
  test: {
    include: ["test/**/*.test.ts", "templates/**/*.test.{ts,mjs}"],
    exclude: [
      "test/bench/**",
      "test/hosts/**",
      "test/emulators/**",
      "test/faults/**",
      "test/oracles/**",
      "test/frameworks/**",
      "**/node_modules/**",
    ],
    // A build of the demo for AWS is fifteen bundles, and the machine may be a busy one.
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
});
