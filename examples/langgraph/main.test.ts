import { openMemory } from "@keepsake/keepsake"
import {
  type BaseStore,
  type GetOperation,
  InMemoryStore,
  type PutOperation,
  type SearchOperation
} from "@langchain/langgraph-checkpoint"
import { describe, expect, it } from "vitest"
import { KeepsakeStore } from "./KeepsakeStore.ts"

/** An item without its dates, which differ between two stores. */
const withoutDates = (
  item: { readonly key: string; readonly namespace: ReadonlyArray<string>; readonly value: unknown } | null
) => (item === null ? null : { key: item.key, namespace: item.namespace, value: item.value })

const fill = async (store: BaseStore): Promise<void> => {
  await store.put(["users", "ana", "facts"], "a", { text: "likes tea", rank: 1, tags: ["x"] })
  await store.put(["users", "ana", "facts"], "b", { text: "likes coffee", rank: 2 })
  await store.put(["users", "bo", "facts"], "a", { text: "likes water", rank: 3 })
  await store.put(["teams"], "t", { text: "blue team", rank: 4, nested: { deep: true } })
  await store.put(["users", "ana", "facts"], "a", { text: "likes green tea", rank: 5, tags: ["x"] })
}

/** Reads of every kind: each answer must equal that of LangGraph's own store. */
const QUESTIONS: ReadonlyArray<readonly [string, (store: BaseStore) => Promise<unknown>]> = [
  ["get", async (store) => withoutDates(await store.get(["users", "ana", "facts"], "b"))],
  [
    "get an item that was put twice",
    async (store) => withoutDates(await store.get(["users", "ana", "facts"], "a"))
  ],
  ["get of another namespace", async (store) => withoutDates(await store.get(["users", "ana"], "a"))],
  [
    "get a deleted item",
    async (store) => {
      await store.delete(["users", "ana", "facts"], "b")
      await store.delete(["nowhere"], "nothing")
      return [
        withoutDates(await store.get(["users", "ana", "facts"], "b")),
        ...(await store.search([])).map(withoutDates)
      ]
    }
  ],
  ["search everything", async (store) => (await store.search([])).map(withoutDates)],
  ["search a prefix", async (store) => (await store.search(["users"])).map(withoutDates)],
  [
    "search a whole namespace",
    async (store) => (await store.search(["users", "ana", "facts"])).map(withoutDates)
  ],
  ["search an unknown prefix", async (store) => (await store.search(["nobody"])).map(withoutDates)],
  ["search by value", async (store) => (await store.search([], { filter: { rank: 3 } })).map(withoutDates)],
  [
    "search by operator",
    async (store) => (await store.search([], { filter: { rank: { $gte: 3, $lt: 5 } } })).map(withoutDates)
  ],
  [
    "search by inequality",
    async (store) => (await store.search(["users"], { filter: { rank: { $ne: 2 } } })).map(withoutDates)
  ],
  [
    "search by several fields",
    async (store) => [
      ...(await store.search([], { filter: { rank: { $gt: 1 }, text: "likes coffee" } })).map(withoutDates),
      ...(await store.search([], { filter: { text: { $eq: "blue team" }, rank: { $lte: 4 } } })).map(
        withoutDates
      ),
      ...(await store.search([], { filter: { nested: { $ne: "x" } } })).map(withoutDates)
    ]
  ],
  ["namespaces", async (store) => (await store.listNamespaces()).map(String).sort()],
  [
    "namespaces by prefix",
    async (store) => (await store.listNamespaces({ prefix: ["users"] })).map(String).sort()
  ],
  [
    "namespaces by suffix",
    async (store) => (await store.listNamespaces({ suffix: ["facts"] })).map(String).sort()
  ],
  [
    "namespaces by pattern",
    async (store) => (await store.listNamespaces({ prefix: ["*", "ana"] })).map(String).sort()
  ],
  [
    "namespaces to a depth",
    async (store) => (await store.listNamespaces({ maxDepth: 2 })).map(String).sort()
  ],
  [
    "batch",
    async (store) => {
      const [, item, items] = await store.batch<[PutOperation, GetOperation, SearchOperation]>([
        { namespace: ["batch"], key: "k", value: { text: "in a batch" } },
        { namespace: ["batch"], key: "k" },
        { namespacePrefix: ["batch"] }
      ])
      return [withoutDates(item), items.map(withoutDates), withoutDates(await store.get(["batch"], "k"))]
    }
  ]
]

/** Sorts the results of a search, which are in no defined order. */
const sortResults = (answer: unknown): unknown =>
  Array.isArray(answer) ? answer.map((result) => JSON.stringify(result)).sort() : answer

describe("KeepsakeStore", () => {
  it.each(QUESTIONS)("answers as LangGraph's own store does: %s", async (name, ask) => {
    await using memory = await openMemory("memory:")
    const ours = new KeepsakeStore(memory.for({ userId: "ines" }))
    const theirs = new InMemoryStore()
    await fill(ours)
    await fill(theirs)
    const answer = await ask(ours)
    expect(sortResults(answer)).toEqual(sortResults(await ask(theirs)))
    expect(name).not.toBe("")
  })

  it("pages, keeps the first date, refuses bad namespaces", async () => {
    await using memory = await openMemory("memory:")
    const store = new KeepsakeStore(memory.for({ userId: "ines" }))
    await fill(store)
    const all = await store.search([], { limit: 100 })
    const paged = [
      ...(await store.search([], { limit: 2 })),
      ...(await store.search([], { limit: 2, offset: 2 }))
    ]
    expect(paged.map(withoutDates)).toEqual(all.map(withoutDates))
    const before = await store.get(["teams"], "t")
    await store.put(["teams"], "t", { text: "red team" })
    const after = await store.get(["teams"], "t")
    expect(after?.createdAt).toEqual(before?.createdAt)
    await expect(store.put([], "k", {})).rejects.toThrow(/[Nn]amespace/u)
    await expect(store.put(["a.b"], "k", {})).rejects.toThrow(/[Nn]amespace/u)
  })

  it("searches by meaning within a namespace, best first, and leaves out unindexed items", async () => {
    await using memory = await openMemory({ store: "memory:", embedder: "lexical" })
    const store = new KeepsakeStore(memory.for({ userId: "ines" }))
    await fill(store)
    await store.put(["users", "ana", "facts"], "hidden", { text: "likes green tea in secret" }, false)
    const results = await store.search(["users", "ana"], { query: "green tea" })
    expect(results[0]).toMatchObject({ key: "a" })
    expect(results[0]?.score).toBeGreaterThan(0)
    expect(results.map(({ key }) => key)).not.toContain("hidden")
    expect(results.every(({ namespace }) => namespace[1] === "ana")).toBe(true)
  })

  it("keeps users apart", async () => {
    await using memory = await openMemory("memory:")
    await fill(new KeepsakeStore(memory.for({ userId: "ines" })))
    expect(await new KeepsakeStore(memory.for({ userId: "bo" })).search([])).toEqual([])
  })
})
