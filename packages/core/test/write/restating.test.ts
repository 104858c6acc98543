import { inMemoryData, InMemoryStore, type Memory } from "@keepsake/core"
import { formerIdOfText } from "@keepsake/core/driver"
import { scopeKey } from "../../src/memory/Scope.ts"
import { afterEach, describe, expect, it } from "vitest"
import { bothFaces } from "../support/bothFaces.ts"
import { readId } from "../support/readId.ts"

const TEA = "I drink green tea in the morning"
const SPELLINGS = [
  `${TEA}.`,
  `${TEA}!`,
  `${TEA}\n`,
  "I DRINK GREEN TEA IN THE MORNING",
  "i drink green  tea in the morning",
  ` ${TEA}...`
]

const [[, open]] = bothFaces as unknown as [(typeof bothFaces)[number]]

describe("a statement said again", () => {
  const opened: Array<() => Promise<void>> = []
  const connect = async (data = inMemoryData(), userId = "ada") => {
    const face = await open(InMemoryStore.layerOf(data))
    opened.push(face.close)
    return face.memory({ userId })
  }
  afterEach(async () => {
    for (const close of opened.splice(0)) await close()
  })

  it("is one memory in every spelling, and keeps the first text", async () => {
    const memory = await connect()
    const id = readId(await memory.remember(TEA))
    for (const spelling of SPELLINGS) {
      expect(await memory.remember(spelling)).toEqual({ id, outcome: "refreshed" })
    }
    expect((await memory.get(id))?.content).toBe(TEA)
    expect(await memory.count()).toBe(1)
    for (const other of [`${TEA}?`, "I drink green Tea in the morning", "I drink green tea in the evening"]) {
      expect((await memory.remember(other)).outcome).toBe("created")
    }
  })

  it("takes over metadata, pin and importance where they are given", async () => {
    const memory = await connect()
    const id = readId(await memory.remember({ content: TEA, metadata: { a: 1 }, importance: 0.9 }))
    await memory.remember({ content: `${TEA}.`, pinned: true })
    expect(await memory.get(id)).toMatchObject({ metadata: { a: 1 }, importance: 0.9, pinned: true })
    await memory.remember({ content: TEA, metadata: { b: 2 }, importance: 1 })
    expect(await memory.get(id)).toMatchObject({ metadata: { b: 2 }, importance: 1, pinned: true })
    await memory.remember({ content: TEA, metadata: {}, pinned: false })
    expect(await memory.get(id)).toMatchObject({ metadata: {}, importance: 1, pinned: false })
  })

  it("keeps the longer lifetime; update shortens", async () => {
    const memory = await connect()
    const id = readId(await memory.remember(TEA))
    await memory.remember({ content: TEA, ttlDays: 1 })
    expect((await memory.get(id))?.expiresAt).toBeNull()
    await memory.update(id, { ttlDays: 1 })
    const { expiresAt } = (await memory.get(id)) as Memory
    expect(expiresAt).not.toBeNull()
    await memory.remember({ content: `${TEA}!`, ttlDays: 2 })
    expect((await memory.get(id))?.expiresAt).toBeGreaterThan(expiresAt ?? 0)
    await memory.remember(TEA)
    expect((await memory.get(id))?.expiresAt).toBeNull()
  })

  it("merges with its like in one call", async () => {
    const memory = await connect()
    const results = await memory.rememberMany([
      { content: TEA, metadata: { a: 1 }, ttlDays: 1 },
      "Something else",
      { content: `${TEA}.`, pinned: true },
      { content: TEA.toUpperCase(), metadata: { b: 2 } }
    ])
    expect(results.map(({ outcome }) => outcome)).toEqual(["created", "created", "refreshed", "refreshed"])
    expect(new Set(results.map(({ id }) => id)).size).toBe(2)
    expect(await memory.get(readId(results[0] ?? { id: null, outcome: "dropped" }))).toMatchObject({
      content: TEA,
      metadata: { b: 2 },
      pinned: true,
      expiresAt: null
    })
    const again = await memory.rememberMany([`${TEA}!`, "New", "something else."])
    expect(again.map(({ outcome }) => outcome)).toEqual(["refreshed", "created", "refreshed"])
  })

  it("under a key is compared letter by letter", async () => {
    const memory = await connect()
    await memory.remember({ content: TEA, key: "tea" })
    await expect(memory.remember({ content: `${TEA}.`, key: "tea" })).rejects.toThrow(/key/u)
    const other = await memory.remember({ content: `${TEA}.`, key: "other" })
    expect(other.outcome).toBe("created")
  })

  it("supersedes in another spelling, and is refused where nothing is new", async () => {
    const memory = await connect()
    const tea = readId(await memory.remember(TEA))
    const coffee = readId(await memory.supersede(tea, "I drink coffee"))
    const back = await memory.supersede(coffee, `${TEA}!`)
    expect(back).toMatchObject({ id: tea, outcome: "reopened", closed: true })
    expect((await memory.get(coffee))?.supersededBy).toBe(tea)
    await expect(memory.supersede(tea, `${TEA}.`)).rejects.toThrow(/already says/u)
  })

  describe("of the first version", () => {
    /** A store whose row has the id that the first version gave it. */
    const connectFormer = async (content: string) => {
      const data = inMemoryData()
      const memory = await connect(data)
      const made = await memory.get(readId(await memory.remember(content)))
      const rows = data.scopes.get(scopeKey(memory.scope))
      const row = rows?.get(made?.id ?? "")
      if (made === null || row === undefined) throw new Error("no row")
      const id = formerIdOfText(memory.scope, made)
      rows?.clear()
      rows?.set(id, { ...row, memory: { ...made, id } })
      return { memory, id }
    }

    it("is found under its id, and restated", async () => {
      for (const content of [TEA, `${TEA}.`]) {
        const { id, memory } = await connectFormer(content)
        for (const spelling of [content, ...SPELLINGS]) {
          expect(await memory.remember(spelling)).toEqual({ id, outcome: "refreshed" })
        }
        expect(await memory.rememberMany(["New", TEA])).toMatchObject([{ outcome: "created" }, { id }])
        expect(await memory.count()).toBe(2)
      }
    })

    it("supersedes, is superseded, and is known to an import", async () => {
      const { id, memory } = await connectFormer(`${TEA}.`)
      await expect(memory.supersede(id, TEA)).rejects.toThrow(/already says/u)
      const coffee = readId(await memory.supersede(id, "I drink coffee"))
      expect(await memory.supersede(coffee, `${TEA}.`)).toMatchObject({ id, outcome: "reopened" })
      const mint = readId(await memory.supersede(id, "I drink mint tea"))
      expect(await memory.supersede(mint, `${TEA}!`)).toMatchObject({ id, outcome: "reopened" })

      const exported: Array<Memory> = []
      for await (const row of memory.export()) exported.push(row)
      expect(await memory.import(exported)).toMatchObject({ created: 0, known: exported.length })
      const fresh = await connect()
      const kept = readId(await fresh.remember(TEA))
      expect(await fresh.import(exported)).toMatchObject({ created: 2, known: 1, conflicting: 0 })
      // The link leads to the row that was there.
      expect((await fresh.get(coffee))?.supersededBy).toBe(kept)
    })
  })

  it("is one memory in an import to another scope", async () => {
    const memory = await connect()
    const made = await memory.get(readId(await memory.remember(TEA)))
    if (made === null) throw new Error("no row")
    const former = [TEA, `${TEA}.`].map((content) => {
      const row = { ...made, content }
      return { ...row, id: formerIdOfText(made.scope, row) }
    })
    const [first, second] = former.map(({ id }) => id)
    const other = await connect(inMemoryData(), "bob")
    const linked = former.map((row) =>
      row.id === first
        ? { ...row, validity: [{ from: 0, to: 1 }], supersededBy: second ?? null }
        : { ...row, validity: [{ from: 1, to: null }] }
    )
    expect(await other.import(linked)).toMatchObject({ created: 1, known: 1, conflicting: 0 })
    const { rows } = await other.list({ includeSuperseded: true })
    expect(rows.map(({ content, supersededBy }) => [content, supersededBy])).toEqual([[`${TEA}.`, null]])
    expect((await other.remember(TEA)).outcome).toBe("refreshed")
  })
})
