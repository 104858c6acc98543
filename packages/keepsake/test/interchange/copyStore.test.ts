import { existsSync } from "node:fs"
import { join } from "node:path"
import {
  Embedder,
  type EmbedderProvider,
  fingerprint,
  InMemoryStore,
  inMemoryData,
  type Memory,
  MemoryStore,
  StoreAdmin,
  StoreFingerprint
} from "@keepsake/core"
import { ANY } from "@keepsake/core/driver"
import { Context, Effect, Layer } from "effect"
import { assert, describe, expect, it } from "vitest"
import { copyStore } from "../../src/interchange/copyStore.ts"
import { reembedStore } from "../../src/interchange/reembedStore.ts"
import { lexical, openMemory } from "../../src/index.ts"
import { storeLayer } from "../../src/storeLayer.ts"
import { keepsake, temporaryFolder } from "../support/runKeepsake.ts"

const nothing = () => Effect.void

const fill = async (store: string, embedder: EmbedderProvider | undefined, count: number): Promise<void> => {
  await using memory = await openMemory({ store, embedder })
  for (const userId of ["ana", "bo"]) {
    const user = memory.for({ userId })
    await user.rememberMany(
      Array.from({ length: count }, (_, i) => ({
        content: `${userId} said thing number ${i}`,
        sessionId: "s"
      }))
    )
    const { id } = await user.remember("lives in Graz")
    assert.isNotNull(id)
    await user.supersede(id, "lives in Linz")
  }
  await memory.files({ userId: "ana" }).remember("the agent's own note")
}

const contents = async (
  store: string,
  embedder: EmbedderProvider | undefined
): Promise<ReadonlyArray<Memory>> => {
  await using memory = await openMemory({ store, embedder })
  const rows: Array<Memory> = []
  for (const scoped of [
    memory.for({ userId: "ana" }),
    memory.for({ userId: "bo" }),
    memory.files({ userId: "ana" })
  ]) {
    for await (const row of scoped.export()) rows.push(row)
  }
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

const copyAll = async (
  from: Parameters<typeof storeLayer>[0],
  to: Parameters<typeof storeLayer>[0],
  show: (done: number) => Effect.Effect<void> = nothing
) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        return yield* copyStore(
          yield* Layer.build(storeLayer(from)),
          yield* Layer.build(storeLayer(to)),
          show
        )
      })
    )
  )

describe("copy", () => {
  it("copies every scope with its history and the agent's notes, and counts both stores", async () => {
    await using folder = await temporaryFolder()
    const [a, b] = [`file:${join(folder.path, "a.db")}`, `file:${join(folder.path, "b.db")}`]
    await fill(a, lexical(), 400)
    const embedder = lexical()
    expect(await copyAll({ store: a, embedder }, { store: b, embedder })).toEqual({
      scopes: 3,
      rows: 805,
      copied: 805,
      known: 0
    })
    expect(await contents(b, embedder)).toEqual(await contents(a, embedder))
  })

  it("copies what is kept about sessions, of a scope without memories too, and again without harm", async () => {
    await using folder = await temporaryFolder()
    const [a, b] = [`file:${join(folder.path, "a.db")}`, `file:${join(folder.path, "b.db")}`]
    const entries = Array.from({ length: 70 }, (_, number) => ({
      sessionId: "s",
      kind: "history",
      number,
      content: `entry ${number}`
    }))
    {
      await using memory = await openMemory(a)
      await memory.for({ userId: "ana" }).appendEntries(entries.slice(0, 64))
      await memory.for({ userId: "ana" }).appendEntries(entries.slice(64))
    }
    await copyAll(a, b)
    expect(await copyAll(a, b)).toMatchObject({ scopes: 1, rows: 0 })
    await using memory = await openMemory(b)
    const copied = await memory.for({ userId: "ana" }).entries({ sessionId: "s", kind: "history" })
    expect(copied).toMatchObject(entries)
  })

  it("continues an interrupted copy", async () => {
    await using folder = await temporaryFolder()
    const [a, b] = [`file:${join(folder.path, "a.db")}`, `file:${join(folder.path, "b.db")}`]
    await fill(a, undefined, 600)
    const stopped = copyAll(a, b, (done) => (done > 300 ? Effect.die("stopped here") : Effect.void))
    await expect(stopped).rejects.toThrow(/stopped here/u)
    const rest = await copyAll(a, b)
    expect(rest.known).toBeGreaterThanOrEqual(256)
    expect(rest.known + rest.copied).toBe(1205)
    expect(await contents(b, undefined)).toEqual(await contents(a, undefined))
  })

  it("embeds again for a target of another space", async () => {
    await using folder = await temporaryFolder()
    const [a, b] = [`file:${join(folder.path, "a.db")}`, `file:${join(folder.path, "b.db")}`]
    await fill(a, undefined, 10)
    await copyAll(a, { store: b, embedder: lexical() })
    await using memory = await openMemory({ store: b, embedder: lexical() })
    const [first] = await memory.for({ userId: "ana" }).recall("thing nubmer 7", { minScore: 0 })
    expect(first?.explain.parts).toHaveProperty("meaning")
  })

  it("skips a memory whose id the target has with other content", async () => {
    const [from, to] = [InMemoryStore.layerOf(inMemoryData()), InMemoryStore.layerOf(inMemoryData())]
    const put = async (store: typeof from, content: string) => {
      const memory = await openMemory({ store })
      await memory.for({ userId: "ana" }).remember({ content, key: "k" })
    }
    await put(from, "one thing")
    await put(to, "another thing")
    // The id comes from the caller's key.
    expect(await copyAll({ store: from }, { store: to })).toMatchObject({ copied: 0, known: 1 })
  })
})

/** An embedder that no flag, variable or package can name afterwards. */
const revoked: EmbedderProvider = {
  model: "revoked-model",
  dimensions: 8,
  calibration: { mean: 0.3, spread: 0.05 },
  embed: (texts) => texts.map((text) => Array.from({ length: 8 }, (_, i) => text.charCodeAt(i) || 1))
}

describe("a store whose embedder was revoked", () => {
  const fillRevoked = async (folder: string) => {
    const store = `file:${join(folder, "a.db")}`
    await fill(store, revoked, 5)
    return store
  }

  it("is copied unchanged, with its vectors", async () => {
    await using folder = await temporaryFolder()
    const from = await fillRevoked(folder.path)
    const to = `file:${join(folder.path, "b.db")}`
    expect(await keepsake(folder.path, ["copy", "--from", from, "--to", to])).toMatchObject({ code: 0 })
    expect(await contents(to, revoked)).toEqual(await contents(from, revoked))
    await using memory = await openMemory({ store: to, embedder: revoked })
    const [first] = await memory.for({ userId: "ana" }).recall("ana said thing number 3", { minScore: 0 })
    expect(first?.similarity).toBeCloseTo(1, 5)
  })

  it("is copied to another embedder, to none, and into a store that is filled already", async () => {
    await using folder = await temporaryFolder()
    const from = await fillRevoked(folder.path)
    const run = async (to: string, ...args: ReadonlyArray<string>) =>
      keepsake(folder.path, ["copy", "--from", from, "--to", `file:./${to}.db`, ...args])
    expect(await run("lexical", "--to-embedder", "lexical")).toMatchObject({ code: 0 })
    expect(await run("words", "--to-embedder", "none")).toMatchObject({ code: 0 })
    // The store knows its fingerprint: a second copy needs no --to-embedder.
    expect((await run("words")).out).toContain("already there: ")
    const refused = await run("lexical")
    expect(refused.code).toBe(2)
    expect(refused.err.replaceAll("\n", " ")).toMatch(/revoked-model.*Name the target's embedder/u)
    const before = await contents(from, revoked)
    expect(await contents(`file:${join(folder.path, "lexical.db")}`, lexical())).toEqual(before)
    expect(await contents(`file:${join(folder.path, "words.db")}`, undefined)).toEqual(before)
  })

  it("moves to another embedder, and back to none", async () => {
    await using folder = await temporaryFolder()
    const store = await fillRevoked(folder.path)
    const before = await contents(store, revoked)
    const moved = await keepsake(folder.path, ["reembed", "--store", store, "--to", "lexical"])
    expect(moved).toMatchObject({ code: 0 })
    expect(moved.out.replaceAll("\n", " ")).toMatch(/15 memories from \[revoked-model/u)
    expect(await contents(store, lexical())).toEqual(before)
    expect(await keepsake(folder.path, ["reembed", "--store", store, "--to", "none"])).toMatchObject({
      code: 0
    })
    expect(await contents(store, undefined)).toEqual(before)
  })

  it("that does not exist is not created", async () => {
    await using folder = await temporaryFolder()
    const result = await keepsake(folder.path, ["copy", "--from", "file:./typo.db", "--to", "file:./b.db"])
    expect(result.code).toBe(2)
    expect(result.err).toContain("typo.db")
    expect(existsSync(join(folder.path, "typo.db"))).toBe(false)
  })
})

describe("reembed", () => {
  const move = async (
    store: string,
    from: EmbedderProvider | null,
    to: EmbedderProvider | null,
    show: (done: number) => Effect.Effect<void> = nothing
  ) =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const context = to === null ? null : yield* Layer.build(Embedder.layer(to, { cache: 0 }))
          const embedder = context === null ? null : Context.get(context, Embedder)
          const layer = storeLayer({ store, ...(from === null ? {} : { embedder: from }) })
          return yield* Effect.provide(
            reembedStore(fingerprint(embedder?.space ?? null), embedder, show),
            layer
          )
        })
      )
    )

  it("continues an interrupted move, while the store serves and writes", async () => {
    await using folder = await temporaryFolder()
    const store = `file:${join(folder.path, "a.db")}`
    await fill(store, undefined, 300)
    const stopped = move(store, null, lexical(), (done) =>
      done > 200 ? Effect.die("stopped here") : Effect.void
    )
    await expect(stopped).rejects.toThrow(/stopped here/u)

    await using memory = await openMemory(store)
    const ana = memory.for({ userId: "ana" })
    let served = 0
    const moved = await move(store, null, lexical(), () =>
      Effect.promise(async () => {
        const recollections = await ana.recall("thing number 7", { minScore: 0 })
        if (recollections.length > 0) served++
        if (served < 3) await ana.remember(`written in the middle, ${served}`)
      })
    )
    expect(served).toBeGreaterThan(1)
    expect(moved).toMatchObject({ without: 0 })
    expect(moved.moved).toBeLessThan(605)
    await using after = await openMemory({ store, embedder: lexical() })
    const [first] = await after.for({ userId: "ana" }).recall("written in the middel", { minScore: 0 })
    expect(first?.memory.content).toContain("written in the middle")
    expect((await after.for({ userId: "ana" }).stats()).total).toBe(300 + 1 + 2)
  })

  it("refuses another target while a move is under way", async () => {
    await using folder = await temporaryFolder()
    const store = `file:${join(folder.path, "a.db")}`
    await fill(store, undefined, 300)
    await expect(move(store, null, lexical(), () => Effect.die("stopped here"))).rejects.toThrow(
      /stopped here/u
    )
    await expect(move(store, null, lexical({ dimensions: 128 }))).rejects.toMatchObject({
      reason: { _tag: "Conflict" }
    })
  })

  it("drops the vectors of a store that goes back to keyword search", async () => {
    const data = inMemoryData()
    const store = Layer.provideMerge(InMemoryStore.layerOf(data), StoreFingerprint.wordsOnly)
    await Effect.runPromise(
      Effect.provide(
        Effect.gen(function* () {
          expect(yield* reembedStore(fingerprint(null), null, nothing)).toEqual({ moved: 0, without: 0 })
          expect(
            yield* Effect.flip(
              (yield* MemoryStore).count({ scope: { agentId: "a", userId: "u" }, now: 0, filter: ANY })
            )
          ).toMatchObject({ reason: { _tag: "Closed" } })
          expect((yield* StoreAdmin).backend).toBe("memory")
        }),
        store
      )
    )
  })
})
