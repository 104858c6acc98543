import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { needsPackages } from "../../src/cli/loadRun.ts"

describe("needsPackages", () => {
  let home: string
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "keepsake-run-"))
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  const config = (name: string, settings: object): string => {
    const path = join(home, name)
    writeFileSync(path, JSON.stringify(settings))
    return path
  }

  it("is false for a file store", () => {
    expect(needsPackages(["recall", "the boat", "--store", "file:./postgres.db"], {}, home)).toBe(false)
    expect(needsPackages(["recall", "who runs our qdrant cluster?"], {}, home)).toBe(false)
    expect(needsPackages(["--version"], {}, home)).toBe(false)
  })

  it("is true for a store of another package, wherever it is named", () => {
    for (const store of [
      "postgres://db/x",
      "POSTGRESQL://db/x",
      "qdrant+http://q:6333",
      "qdrant+https://q"
    ]) {
      expect(needsPackages(["recall", "boat", "--store", store], {}, home)).toBe(true)
      expect(needsPackages(["recall", "boat", `--store=${store}`], {}, home)).toBe(true)
      expect(needsPackages(["recall", "boat"], { KEEPSAKE_STORE: store }, home)).toBe(true)
    }
    for (const backend of ["pgvector", "qdrant"]) {
      const path = config(`${backend}.json`, { store: { backend } })
      expect(needsPackages(["recall", "boat", "--config", path], {}, home)).toBe(true)
      expect(needsPackages([`--config=${path}`, "recall", "boat"], {}, home)).toBe(true)
      expect(needsPackages(["recall", "boat"], { KEEPSAKE_CONFIG: path }, home)).toBe(true)
    }
  })

  it("is true for a chat and for an MCP server", () => {
    expect(needsPackages(["chat", "--model", "m"], {}, home)).toBe(true)
    expect(needsPackages(["mcp", "--http"], {}, home)).toBe(true)
  })
})
