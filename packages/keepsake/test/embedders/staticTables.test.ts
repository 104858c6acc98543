/** Tables of word pieces: the one that comes with the package, and those in model2vec's format. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { builtInTable } from "../../src/embedders/static/builtInTable.ts"
import { LEVEL_MAX, packRows, readPacked, writePacked } from "../../src/embedders/static/packedTable.ts"
import { sumRows } from "../../src/embedders/static/StaticTable.ts"
import { importTable, readTableFile } from "../../src/embedders/static/tableText.ts"
import { type EmbedderProvider, measureCalibration, openMemory } from "../../src/index.ts"

const embed = async (provider: EmbedderProvider, texts: ReadonlyArray<string>) =>
  provider.embed(texts, "document", new AbortController().signal)

const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    Array.from(x).reduce((sum, value, k) => sum + value * (y[k] ?? 0), 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

describe("the table that comes with the package", () => {
  it("brings texts of one meaning together that share no word", async () => {
    const [asked, near, far] = await embed(builtInTable(), [
      "When does the animal doctor see my dog?",
      "The vet has time for our puppy on Tuesday.",
      "The violin has to be tuned a semitone lower."
    ])
    expect(asked && near && cosine(asked, near)).toBeGreaterThan(0.2)
    expect(asked && far && cosine(asked, far)).toBeLessThan(0.15)
  })

  it("has nothing to say about a text that it hardly knows", async () => {
    const vectors = await embed(builtInTable(), [
      "👍",
      "12:30",
      "Die Katze schläft auf dem Kühlschrank.",
      "我每天早上喝绿茶。",
      "INV-2291",
      ""
    ])
    expect(vectors).toEqual([null, null, null, null, null, null])
  })

  it("has a true calibration", async () => {
    const { calibration, dimensions } = builtInTable()
    const measured = await measureCalibration(builtInTable())
    expect(Math.abs(measured.mean - (calibration?.mean ?? 1))).toBeLessThan(0.03)
    expect(Math.abs(measured.spread - (calibration?.spread ?? 1))).toBeLessThan(0.03)
    expect(Math.abs((measured.strength ?? 1) - (calibration?.strength ?? 1))).toBeLessThan(0.05)
    const [vector] = await embed(builtInTable(), ["How long is a vector?"])
    expect(vector).toHaveLength(dimensions)
  })
})

describe("the form of that table", () => {
  it("keeps pieces, weights and rows to half a step", () => {
    const rows = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i * 7) * (i + 1))
    const weights = [1, 0.5, 0.25]
    const texts = ["a", "##b", "ç"]
    const parts = { dimensions: 4, texts, ...packRows(rows, 4, weights) }
    const { ids, rowsOf } = readPacked(Buffer.from(writePacked(parts), "latin1"))
    expect(["b", "##", "ça", ""].map((text) => ids.get(text))).toEqual(Array(4).fill(undefined))
    for (const piece of [0, 1, 2]) {
      const row = Array.from(
        rows.subarray(piece * 4, piece * 4 + 4),
        (value) => value * (weights[piece] ?? 0)
      )
      const half = Math.max(...row.map(Math.abs)) / LEVEL_MAX / 2
      const id = ids.get(texts[piece] ?? "") ?? -1
      const found = sumRows(rowsOf([id]), [id])
      row.forEach((value, k) => expect(Math.abs(value - (found?.[k] ?? 9))).toBeLessThanOrEqual(half * 1.001))
    }
  })

  it("is read from the module's file as from the module", async () => {
    const file = readTableFile()
    expect(file?.equals(await importTable())).toBe(true)
  })
})

describe("a table in model2vec's format", () => {
  // Made by model2vec itself (fixtures/static/make.py), with the vectors that it gives.
  const folderOf = (name: string) => fileURLToPath(new URL(`../fixtures/static/${name}`, import.meta.url))

  it.each(["wordpiece", "unigram"])("gives model2vec's own vectors: %s", async (name) => {
    const folder = folderOf(name)
    await using memory = await openMemory({ store: "memory:", embedder: `static:${folder}` })
    const expected = JSON.parse(await readFile(join(folder, "expected.json"), "utf8")) as ReadonlyArray<{
      readonly text: string
      readonly vector: ReadonlyArray<number>
    }>
    const scope = memory.for({ userId: "ana" })
    const { tableFromFolder } = await import("../../src/embedders/static/tableFromFolder.ts")
    const vectors = await embed(
      await tableFromFolder(folder, undefined),
      expected.map(({ text }) => text)
    )
    const near = expected.map(({ vector }, i) => {
      const found = vectors[i]
      return found ? cosine(found, vector) > 0.99999 : null
    })
    // A mark for a space and nothing else: model2vec takes it for a piece.
    expect(near).toEqual(expected.map(({ text }) => (text === "👍" ? null : true)))
    await scope.remember({ content: "The ferry leaves at seven." })
    const [best] = await scope.recall("When does the ferry leave?")
    expect(best?.similarity).not.toBeNull()
  })

  it("says what a folder lacks, and what it cannot read", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keepsake-table-"))
    const open = async () => openMemory({ store: "memory:", embedder: { provider: "static", model: folder } })
    try {
      await expect(open()).rejects.toThrow(/has no model\.safetensors/u)
      await writeFile(join(folder, "model.safetensors"), "short")
      await expect(open()).rejects.toThrow(/cut short/u)
      await writeFile(
        join(folder, "model.safetensors"),
        await readFile(join(folderOf("wordpiece"), "model.safetensors"))
      )
      const tokenizer = JSON.parse(
        await readFile(join(folderOf("wordpiece"), "tokenizer.json"), "utf8")
      ) as object
      await writeFile(
        join(folder, "tokenizer.json"),
        JSON.stringify({ ...tokenizer, model: { type: "BPE", vocab: {} } })
      )
      await expect(open()).rejects.toThrow(/a model of the type BPE/u)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe("a store that is opened without an embedder", () => {
  const withFile = async (use: (store: string) => Promise<void>): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), "keepsake-default-"))
    try {
      await use(`file:${join(folder, "memory.db")}`)
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  const asked = "When does the animal doctor see my dog?"
  const said = "The vet has time for our puppy on Tuesday."

  it("finds by meaning where it is new, and keeps by words what the table does not know", async () => {
    await withFile(async (store) => {
      for (const embedder of [undefined, "static"]) {
        await using memory = await openMemory({ store, embedder, whenEmbedderFails: "refuse" })
        const scope = memory.for({ userId: "ana" })
        await scope.rememberMany([
          { content: said },
          { content: "Die Katze heißt Mia. 👍" },
          { content: "👍" }
        ])
        const byMeaning = await scope.recall(asked, { minScore: 0 })
        expect(byMeaning[0]?.memory.content).toBe(said)
        expect(byMeaning[0]?.similarity).toBeGreaterThan(0.2)
        const byWords = await scope.recall("Wie heißt die Katze?")
        expect(byWords[0]).toMatchObject({ memory: { content: "Die Katze heißt Mia. 👍" }, similarity: null })
        expect(byWords.degraded).toBeNull()
      }
    })
  })

  it("goes on by words alone where it was filled so, and refuses another embedder's as before", async () => {
    await withFile(async (store) => {
      {
        await using memory = await openMemory({ store, embedder: "none" })
        await memory.for({ userId: "ana" }).remember({ content: said })
      }
      await using memory = await openMemory(store)
      const [best] = await memory.for({ userId: "ana" }).recall("puppy")
      expect(best).toMatchObject({ memory: { content: said }, similarity: null })
    })
    await withFile(async (store) => {
      {
        await using memory = await openMemory({ store, embedder: "lexical" })
        await memory.for({ userId: "ana" }).remember({ content: said })
      }
      await expect(openMemory(store)).rejects.toThrow(/lexical-hash-1.*no embedder/su)
    })
  })
})
