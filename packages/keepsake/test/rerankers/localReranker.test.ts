/** A cross-encoder in this process, with a library in the place of @huggingface/transformers. */
import { afterEach, expect, it, vi } from "vitest"
import { openMemory } from "../../src/index.ts"

const library = vi.hoisted(() => ({
  disposed: 0,
  labels: 1,
  loaded: [] as Array<unknown>,
  batches: [] as Array<number>
}))

vi.mock("@huggingface/transformers", () => ({
  AutoTokenizer: {
    from_pretrained: async (model: string, options: unknown) => {
      library.loaded.push(["tokenizer", model, options])
      return Promise.resolve(
        (queries: ReadonlyArray<string>, { text_pair }: { readonly text_pair: ReadonlyArray<string> }) => ({
          pairs: queries.map((query, i) => [query, text_pair[i] ?? ""])
        })
      )
    }
  },
  AutoModelForSequenceClassification: {
    from_pretrained: async (model: string, options: unknown) => {
      library.loaded.push(["model", model, options])
      const classify = async ({ pairs }: { readonly pairs: ReadonlyArray<readonly [string, string]> }) => {
        library.batches.push(pairs.length)
        const scores = pairs.flatMap(([query, text]) =>
          Array.from({ length: library.labels }, () =>
            query === "Which office?" && text.includes("tea") ? 9 : -9
          )
        )
        return Promise.resolve({
          logits: { dims: [pairs.length, library.labels], data: Float32Array.from(scores) }
        })
      }
      return Promise.resolve(
        Object.assign(classify, {
          dispose: async () => {
            library.disposed += 1
            return Promise.resolve([])
          }
        })
      )
    }
  }
}))

afterEach(() => {
  Object.assign(library, { disposed: 0, labels: 1, loaded: [], batches: [] })
})

const open = async () =>
  openMemory({ store: "memory:", embedder: "none", reranker: "transformers:org/judge" })

it("judges pairs of question and text in small batches, and is freed with the memory", async () => {
  const memory = await open()
  const ana = memory.for({ userId: "ana" })
  await ana.rememberMany(Array.from({ length: 17 }, (_, i) => `Office number ${i}`))
  await ana.remember("The office makes tea")
  const found = await ana.recall("Which office?", { minScore: 0 })
  expect(found[0]?.memory.content).toBe("The office makes tea")
  expect(found.degraded).toBeNull()
  expect(library.batches).toEqual([8, 8, 2])
  const options = { dtype: "q8", local_files_only: false }
  expect(library.loaded).toEqual([
    ["tokenizer", "org/judge", options],
    ["model", "org/judge", options]
  ])
  expect(library.disposed).toBe(0)
  await memory.close()
  expect(library.disposed).toBe(1)
})

it("refuses a model that has several labels", async () => {
  library.labels = 3
  await using memory = await open()
  const ana = memory.for({ userId: "ana" })
  await ana.remember("The office makes tea")
  const { degraded } = await ana.recall("Which office?", { minScore: 0 })
  expect(degraded?.[0]?.message).toContain("It has 3 labels")
})
