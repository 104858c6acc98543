import { availableParallelism } from "node:os"
import { join } from "node:path"
import { defineConfig } from "vitest/config"

// Hundreds of tests start a process: each would strip and compile the same sources again.
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules/.cache/compiled")

const project = (name: string, folder: string) => ({
  test: {
    name,
    include: [`${folder}/**/*.test.ts`],
    exclude: ["**/node_modules/**", "**/dist/**"],
    // Half of a run was importing the same modules for each file again.
    isolate: false,
    // For what hangs: a busy machine takes twenty times as long.
    testTimeout: 300_000,
    hookTimeout: 300_000
  }
})

export default defineConfig({
  test: {
    // Files wait for processes and timers: a machine of two cores has room for two of them.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      project("core", "packages/core/test"),
      project("hnsw", "packages/backend-hnsw/test"),
      project("pgvector", "packages/backend-pgvector/test"),
      project("qdrant", "packages/backend-qdrant/test"),
      project("agent", "packages/agent/test"),
      project("mcp", "packages/mcp/test"),
      project("keepsake", "packages/keepsake/test"),
      project("examples", "examples"),
      project("scripts", "scripts")
    ]
  }
})
