import { join } from "node:path"
import { HnswStore } from "@keepsake/backend-hnsw"
import { AgentMemory, fingerprint, promiseClient, StoreFingerprint } from "@keepsake/core"
import { Layer } from "effect"
import { expect, it } from "vitest"
import { keepsake, keepsakeProcess, temporaryFolder } from "../support/runKeepsake.ts"

/** A file of words alone, as the first version fills it. */
const fillAsBefore = async (path: string, content: string): Promise<void> => {
  const store = HnswStore.layer({ path })
  const before = StoreFingerprint.layer({ ...fingerprint(null), tokeniser: "en-1" })
  const client = await promiseClient(
    AgentMemory.layer({ purgeEvery: false }).pipe(Layer.provideMerge(store), Layer.provideMerge(before))
  )
  await client.for({ agentId: "app", userId: "ana" }).remember(content)
  await client.close()
}

it("a store with an earlier version's words works, says so, and is moved by reembed", async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, "memory.db")
  const content = "Die Straßenbahnen halten vor dem Rathaus"
  await fillAsBefore(path, content)
  const place = ["--store", `file:${path}`, "--agent", "app", "--user", "ana"]
  const run = async (...args: ReadonlyArray<string>) => keepsake(folder.path, [...place, ...args])
  const words = (text: string) => text.replaceAll(/\s+/gu, " ")

  const before = await keepsakeProcess(folder.path, [...place, "recall", "Rathaus"])
  expect(before.out).toContain(content)
  expect(words(before.err).match(/filled by an earlier version/gu)).toHaveLength(1)
  expect((await run("recall", "Strassenbahn")).out).not.toContain(content)
  const warned = await run("doctor")
  expect(warned.code).toBe(0)
  expect(words(warned.out)).toMatch(/filled by an earlier version.*keepsake reembed --to/u)

  expect((await run("reembed", "--to", "none")).code).toBe(0)
  const after = await keepsakeProcess(folder.path, [...place, "recall", "Strassenbahn"])
  expect(after.out).toContain(content)
  expect(after.err).not.toContain("earlier version")
  expect((await run("doctor")).out).not.toContain("earlier version")
})
