import { existsSync } from "node:fs"
import { basename, dirname, resolve, sep } from "node:path"
import type { EmbedderProvider } from "@keepsake/core"
import { Effect } from "effect"
import type { TransformersConfig } from "../config/EmbedderConfig.ts"
import { loadPackage } from "../loadPackage.ts"

/** A model and how to run it. */
export interface TransformersOptions extends Omit<TransformersConfig, "provider"> {
  /** Called while the model's files come in. */
  readonly onProgress?:
    | ((progress: { readonly file: string; readonly loaded: number; readonly total: number }) => void)
    | undefined
}

/** The little of `@huggingface/transformers` that is used here; the package is an optional peer. */
interface Transformers {
  readonly env: { allowRemoteModels: boolean; allowLocalModels: boolean; localModelPath: string }
  pipeline(
    task: "feature-extraction",
    model: string,
    options: {
      readonly dtype: string
      readonly local_files_only: boolean
      readonly progress_callback: (event: {
        readonly status: string
        readonly file?: string
        readonly loaded?: number
        readonly total?: number
      }) => void
    }
  ): Promise<
    (
      texts: ReadonlyArray<string>,
      options: { readonly pooling: "mean"; readonly normalize: true }
    ) => Promise<{ readonly dims: ReadonlyArray<number>; readonly data: Float32Array }>
  >
}

// A variable keeps bundlers and the type checker from asking for a package that most do not install.
const PACKAGE: string = "@huggingface/transformers"

const load = loadPackage(
  PACKAGE,
  "A local embedding model",
  async () => (await import(PACKAGE)) as Transformers
)

/** The folder that the library looks in, and the name in it, for a model that is a folder on this machine. */
const placeOf = (model: string): { readonly folder: string; readonly name: string } | undefined => {
  const path = resolve(model)
  return existsSync(path) ? { folder: `${dirname(path)}${sep}`, name: basename(path) } : undefined
}

/**
 * A model in this process: nothing leaves the machine. Needs `@huggingface/transformers`, and the model's
 * files either in a folder or from the hub at the first use.
 */
export const transformers = async (options: TransformersOptions): Promise<EmbedderProvider> => {
  const library = await Effect.runPromise(load)
  const local = placeOf(options.model)
  if (local !== undefined) library.env.localModelPath = local.folder
  const extract = await library.pipeline("feature-extraction", local?.name ?? options.model, {
    dtype: options.dtype ?? "q8",
    local_files_only: local !== undefined || options.allowRemote === false,
    progress_callback: (event) => {
      if (event.status !== "progress") return
      options.onProgress?.({ file: event.file ?? "", loaded: event.loaded ?? 0, total: event.total ?? 0 })
    }
  })
  const vectors = async (texts: ReadonlyArray<string>): Promise<ReadonlyArray<ArrayLike<number>>> => {
    const { data, dims } = await extract(texts, { pooling: "mean", normalize: true })
    const dimensions = dims.at(-1) ?? 0
    return texts.map((_, i) => data.slice(i * dimensions, (i + 1) * dimensions))
  }
  const [probe] = await vectors(["How long is a vector?"])
  return {
    model: basename(options.model),
    dimensions: probe?.length ?? 0,
    ...(options.calibration === undefined ? {} : { calibration: options.calibration }),
    // A batch is padded to its longest text, and the event loop waits for it: small ones serve both.
    batch: 16,
    concurrency: 1,
    embed: async (texts, purpose) => {
      const prefix = (purpose === "query" ? options.queryPrefix : options.documentPrefix) ?? ""
      return vectors(texts.map((text) => `${prefix}${text}`))
    }
  }
}
