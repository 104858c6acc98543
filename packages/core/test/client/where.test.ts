import type { PromiseMemory, Where } from "@keepsake/core"
import { T0 } from "@keepsake/core/testing"
import { afterEach, describe, expect, it } from "vitest"
import { bothFaces } from "../support/bothFaces.ts"
import { readReason } from "../support/readReason.ts"

const SAID = [
  { content: "The quiet room is on floor 3", type: "semantic", metadata: { floor: 3, tags: ["quiet"] } },
  {
    content: "The loud room is on floor 7",
    type: "semantic",
    metadata: { floor: 7, address: { city: "Porto" } }
  },
  { content: "The meeting room was full", sessionId: "s", saidAt: T0, metadata: { floor: "7" } }
] as const

/** Filters, and the memories of `SAID` that pass. */
const FILTERS: ReadonlyArray<readonly [Where, ReadonlyArray<number>]> = [
  [{}, [0, 1, 2]],
  [{ metadata: { floor: { gte: 4 } } }, [1]],
  [{ metadata: { tags: { contains: "quiet" } } }, [0]],
  [{ metadata: { "address.city": "Porto" } }, [1]],
  [{ type: { in: ["semantic"] }, not: { metadata: { floor: 3 } } }, [1]],
  [{ or: [{ sessionId: "s" }, { metadata: { floor: { lt: 4 } } }] }, [0, 2]],
  [{ sessionId: { exists: false } }, [0, 1]],
  [{ saidAt: { lt: new Date(T0 + 1) } }, [2]],
  [{ type: { in: [] } }, []]
]

const contents = (places: ReadonlyArray<number>) => places.map((place) => SAID[place]?.content).toSorted()

describe.each(bothFaces)("where, through %s", (_, open) => {
  const opened: Array<() => Promise<void>> = []
  const ada = async (): Promise<PromiseMemory> => {
    const { close, memory } = await open()
    opened.push(close)
    await memory().rememberMany(SAID)
    return memory()
  }
  afterEach(async () => {
    for (const close of opened.splice(0)) await close()
  })

  it.each(FILTERS)("%j passes the same memories in every verb", async (where, places) => {
    const memory = await ada()
    const listed = await memory.list({ where })
    expect(listed.rows.map(({ content }) => content).toSorted()).toEqual(contents(places))
    const recalled = await memory.recall("room", { where, minScore: 0 })
    expect(recalled.map((one) => one.memory.content).toSorted()).toEqual(contents(places))
    const shown = await memory.context("room", { where, minScore: 0 })
    expect(shown.items.map((one) => one.memory.content).toSorted()).toEqual(contents(places))
    expect(await memory.count({ where })).toBe(places.length)
  })

  it.each(FILTERS.filter(([where]) => Object.keys(where).length > 0))(
    "%j forgets those alone",
    async (where, places) => {
      const memory = await ada()
      expect((await memory.forget({ where }, { dryRun: true })).removed).toBe(places.length)
      expect((await memory.forget({ where })).removed).toBe(places.length)
      expect(await memory.count()).toBe(SAID.length - places.length)
    }
  )

  it("the older form says the same, and both at once are refused", async () => {
    const memory = await ada()
    const older = { types: ["semantic"], metadata: { floor: 7 } } as const
    const where: Where = { type: { in: ["semantic"] }, metadata: { floor: 7 } }
    const byOlder = await memory.recall("room", { ...older, minScore: 0 })
    const byWhere = await memory.recall("room", { where, minScore: 0 })
    expect(byOlder.map((one) => one.memory.id)).toEqual(byWhere.map((one) => one.memory.id))
    expect(byOlder).toHaveLength(1)
    expect(await memory.list({ filter: older })).toEqual(await memory.list({ where }))
    expect((await memory.forget(older, { dryRun: true })).removed).toBe(1)
    expect(await readReason(memory.recall("room", { where, types: ["semantic"] }))).toBe("types")
    expect(await readReason(memory.list({ where, filter: older }))).toBe("filter")
    expect(await readReason(memory.forget({ where, types: ["semantic"] } as never))).toBe("target.types")
  })

  it("to forget, a filter without a condition is refused and points to forgetAll", async () => {
    const memory = await ada()
    const empty: ReadonlyArray<Where> = [
      {},
      { and: [] },
      { and: [{}, { not: { or: [] } }] },
      { metadata: {} }
    ]
    for (const where of empty) {
      await expect(memory.forget({ where })).rejects.toThrow("use forgetAll")
      expect(await readReason(memory.forget({ where }, { dryRun: true }))).toBe("target")
    }
    expect((await memory.forget({ where: { type: { in: [] } } })).removed).toBe(0)
    expect((await memory.forget({ where: { or: [] } })).removed).toBe(0)
    expect(await memory.count()).toBe(SAID.length)
  })

  it("what is misspelt is refused by its place and the nearest name", async () => {
    const memory = await ada()
    const where = { metadata: { floor: { gtee: 3 } } } as never
    const calls = [
      () => memory.recall("room", { where }),
      () => memory.context("room", { where }),
      () => memory.list({ where }),
      () => memory.count({ where }),
      () => memory.forget({ where })
    ]
    for (const call of calls) {
      await expect(call()).rejects.toThrow(/where\.metadata\.floor\.gtee.*gte/u)
    }
  })
})
