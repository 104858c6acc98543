import { execFileSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { basename, dirname } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const LIBRARY = "@huggingface/transformers@4"
const BATCH = 128

interface TensorData {
  readonly data: Float32Array
  readonly dims: ReadonlyArray<number>
}

interface Library {
  readonly env: { allowRemoteModels: boolean; localModelPath: string }
  readonly AutoModel: {
    from_pretrained(
      name: string,
      options: { readonly dtype: string }
    ): Promise<(inputs: Record<string, unknown>) => Promise<{ readonly last_hidden_state: TensorData }>>
  }
  readonly Tensor: new (type: "int64", data: BigInt64Array, dims: ReadonlyArray<number>) => unknown
}

/** Installs the library in `.cache`, outside the workspace: it brings 474 MB. */
const loadLibrary = async (): Promise<Library> => {
  const folder = fileURLToPath(new URL("../../.cache/transformers/", import.meta.url))
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}package.json`, "{}")
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", LIBRARY], {
    cwd: folder,
    stdio: "inherit"
  })
  const entry = createRequire(`${folder}package.json`).resolve("@huggingface/transformers")
  return (await import(pathToFileURL(entry).href)) as Library
}

/** Each piece between the model's begin and end alone: the mean of the token vectors. */
export const embedPieces = async (
  modelFolder: string,
  pieces: ReadonlyArray<number>,
  begin: number,
  end: number
): Promise<ReadonlyArray<Float32Array>> => {
  const { AutoModel, env, Tensor } = await loadLibrary()
  env.allowRemoteModels = false
  env.localModelPath = dirname(modelFolder)
  const model = await AutoModel.from_pretrained(basename(modelFolder), { dtype: "q8" })
  const vectors: Array<Float32Array> = []
  for (let at = 0; at < pieces.length; at += BATCH) {
    const batch = pieces.slice(at, at + BATCH)
    const toTensor = (rows: ReadonlyArray<ReadonlyArray<number>>) =>
      new Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, 3])
    const { last_hidden_state: state } = await model({
      input_ids: toTensor(batch.map((piece) => [begin, piece, end])),
      attention_mask: toTensor(batch.map(() => [1, 1, 1])),
      token_type_ids: toTensor(batch.map(() => [0, 0, 0]))
    })
    const dimensions = state.dims.at(-1) ?? 0
    batch.forEach((_, row) => {
      const token = (t: number, k: number) => state.data[(row * 3 + t) * dimensions + k] ?? 0
      vectors.push(
        Float32Array.from({ length: dimensions }, (_v, k) => (token(0, k) + token(1, k) + token(2, k)) / 3)
      )
    })
    console.error(`${vectors.length} of ${pieces.length} pieces`)
  }
  return vectors
}
