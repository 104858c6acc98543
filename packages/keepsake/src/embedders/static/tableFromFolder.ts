/** A table in model2vec's format: `model.safetensors` and `tokenizer.json` in a folder. */
import { readFile } from "node:fs/promises"
import { basename, join, resolve } from "node:path"
import type { EmbedderProvider } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import type { StaticConfig } from "../../config/EmbedderConfig.ts"
import { readSafetensors } from "./readSafetensors.ts"
import { readTokenizer, type TokenizerFile } from "./readTokenizer.ts"
import { makeTable, type StaticTable } from "./StaticTable.ts"

const readTable = async (folder: string): Promise<StaticTable> => {
  const read = async (name: string): Promise<Buffer> =>
    readFile(join(folder, name)).catch((cause: unknown) => {
      throw invalidInput(
        "embedder",
        `has no ${name} in ${folder}: name a folder with model.safetensors and tokenizer.json, as model2vec writes them (${cause instanceof Error ? cause.message : String(cause)})`
      )
    })
  const find = readSafetensors(await read("model.safetensors"))
  const embeddings = find("embeddings") ?? find("embedding.weight")
  const [, dimensions] = embeddings?.shape ?? []
  if (embeddings === undefined || dimensions === undefined)
    throw invalidInput("embedder", `is no table: ${folder}/model.safetensors has no embeddings`)
  const tokenize = readTokenizer(JSON.parse((await read("tokenizer.json")).toString("utf8")) as TokenizerFile)
  return makeTable(
    {
      dimensions,
      values: embeddings.values,
      factors: find("weights")?.values ?? null,
      rows: find("mapping")?.values ?? null
    },
    tokenize
  )
}

/** The provider of a table in a folder, which is read at once: a store needs its dimensions. */
export const tableFromFolder = async (
  folder: string,
  calibration: StaticConfig["calibration"]
): Promise<EmbedderProvider> => {
  const table = await readTable(resolve(folder))
  return {
    model: `static:${basename(resolve(folder))}`,
    dimensions: table.dimensions,
    ...(calibration === undefined ? {} : { calibration }),
    embed: (texts) => texts.map((text) => table.embed(text))
  }
}
