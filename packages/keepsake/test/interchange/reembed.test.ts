/** A move to an embedder that fails, or that cannot embed some texts. */
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { openMemory } from "../../src/index.ts"
import { failWith, service, serveVectors } from "../support/embeddingService.ts"
import { keepsake, temporaryFolder } from "../support/runKeepsake.ts"

describe("keepsake reembed", () => {
  it("ends, says how many have no vector, and exits with 4", async () => {
    await using folder = await temporaryFolder()
    const store = `file:${join(folder.path, "a.db")}`
    {
      await using memory = await openMemory(store)
      const notes = Array.from({ length: 60 }, (_, i) => `Note ${i} about ${i === 7 ? "Eiffel" : "ships"}`)
      await memory.for({ userId: "ana" }).rememberMany(notes)
    }
    await using server = await service(
      ...Array.from(
        { length: 200 },
        () =>
          (...[request, response]: Parameters<typeof serveVectors>) =>
            (request.body.input.some((text) => text.includes("Eiffel"))
              ? failWith(500, "unsupported value: NaN")
              : serveVectors)(request, response)
      )
    )
    const to = `${server.baseUrl}#m`
    const moved = await keepsake(folder.path, ["reembed", "--store", store, "--to", to])
    expect(moved.err.replaceAll(/\s+/gu, " ")).toContain("59 of 60 have vectors; 1 has none")
    expect(moved.code).toBe(4)
    await using memory = await openMemory({
      store,
      embedder: { provider: "openai-compatible", baseUrl: server.baseUrl, model: "m" }
    })
    const found = await memory.for({ userId: "ana" }).recall("Eiffel")
    expect(found[0]?.memory.content).toBe("Note 7 about Eiffel")
  })

  it("to the space that a store has pays what the store owes", async () => {
    await using folder = await temporaryFolder()
    const store = `file:${join(folder.path, "a.db")}`
    await using server = await service()
    const embedder = { provider: "openai-compatible", model: "m", dimensions: 3 } as const
    {
      await using memory = await openMemory({
        store,
        embedder: { ...embedder, baseUrl: "http://127.0.0.1:1/v1" }
      })
      const ana = memory.for({ userId: "ana" })
      await ana.rememberMany(["tea", "coffee"])
      expect(await ana.stats()).toMatchObject({ total: 2, owed: 2 })
    }
    const doctor = await keepsake(folder.path, [
      "doctor",
      "--store",
      store,
      "--embedder",
      `http://127.0.0.1:1/v1#m`
    ])
    expect(doctor.code).toBe(3)
    const paid = await keepsake(folder.path, ["reembed", "--store", store, "--to", `${server.baseUrl}#m`])
    expect(paid.out.replaceAll(/\s+/gu, " ")).toMatch(/already filled.* 2 memories got the vectors/u)
    expect(paid.code).toBe(0)
    await using memory = await openMemory({ store, embedder: { ...embedder, baseUrl: server.baseUrl } })
    expect(await memory.for({ userId: "ana" }).stats()).toMatchObject({ owed: 0 })
  })
})
