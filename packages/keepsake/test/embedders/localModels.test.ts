/** Local models, with a library in the place of @huggingface/transformers that keeps what it loads by its name. */
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, expect, it, vi } from "vitest"
import { openMemory, transformers } from "../../src/index.ts"
import { temporaryFolder } from "../support/runKeepsake.ts"

const library = vi.hoisted(() => ({
  disposed: [] as Array<string>,
  env: { localModelPath: "/models/", allowLocalModels: true, allowRemoteModels: true }
}))

vi.mock("@huggingface/transformers", () => ({
  env: library.env,
  pipeline: async (_task: string, model: string) => {
    await new Promise((done) => setTimeout(done, 5))
    // As the library resolves a path: a whole one as it is, a name under its folder of models.
    const path = model.startsWith("/") ? model : `${library.env.localModelPath}${model}`
    const first = path.includes("one") ? 1 : 2
    const extract = async (texts: ReadonlyArray<string>) => ({
      dims: [texts.length, 2],
      data: Float32Array.from(texts.flatMap(() => [first, 1]))
    })
    return Object.assign(extract, {
      dispose: async () => {
        library.disposed.push(path)
      }
    })
  }
}))

afterEach(() => {
  library.disposed.length = 0
})

const makeFolders = async (home: string) => {
  const folders = [join(home, "one/model"), join(home, "two/model")] as const
  for (const folder of folders) await mkdir(folder, { recursive: true })
  return folders
}

it("two folders of one name are loaded at once, each with its own model", async () => {
  await using home = await temporaryFolder()
  const [one, two] = await Promise.all((await makeFolders(home.path)).map((model) => transformers({ model })))
  const { signal } = new AbortController()
  expect(await one?.embed(["a"], "document", signal)).toEqual([Float32Array.of(1, 1)])
  expect(await two?.embed(["a"], "document", signal)).toEqual([Float32Array.of(2, 1)])
  // The application's own setting.
  expect(library.env.localModelPath).toBe("/models/")
})

it("a model that the config names is freed with the memory, and one of the application's is not", async () => {
  await using home = await temporaryFolder()
  const [one, two] = await makeFolders(home.path)
  const memory = await openMemory({ store: "memory:", embedder: `transformers:${one}` })
  await memory.for({ userId: "ana" }).remember("Ana ships on Fridays")
  expect(library.disposed).toEqual([])
  await memory.close()
  expect(library.disposed).toEqual([one])
  const provider = await transformers({ model: two })
  await (await openMemory({ store: "memory:", embedder: provider })).close()
  expect(library.disposed).toEqual([one])
  await provider.close()
  expect(library.disposed).toEqual([one, two])
})
