import { basename } from "node:path"
import type { EmbedderProvider } from "@keepsake/core"
import * as Effect from "effect/Effect"
import type { TransformersConfig } from "../config/EmbedderConfig.ts"
import { type Closable, loadTransformers, toLoad } from "../localModel.ts"

/** A model that runs in this process. */
export interface TransformersOptions extends Omit<TransformersConfig, "provider"> {
  /** Called while the model's files are downloaded. */
  readonly onProgress?:
    | ((progress: { readonly file: string; readonly loaded: number; readonly total: number }) => void)
    | undefined
}

/** A provider that holds the memory of a model until it is closed. */
export interface LocalEmbedder extends EmbedderProvider, Closable {}

/**
 * A model in this process: no text leaves the machine. Needs `@huggingface/transformers`; a model on the hub
 * is downloaded at first use.
 */
export const transformers = async (options: TransformersOptions): Promise<LocalEmbedder> => {
  const library = await Effect.runPromise(loadTransformers)
  const load = toLoad(options)
  const extract = await library.pipeline("feature-extraction", load.name, {
    ...load.options,
    progress_callback: (event) => {
      if (event.status !== "progress") return
      options.onProgress?.({ file: event.file ?? "", loaded: event.loaded ?? 0, total: event.total ?? 0 })
    }
  })
  const embedTexts = async (texts: ReadonlyArray<string>): Promise<ReadonlyArray<ArrayLike<number>>> => {
    const { data, dims } = await extract(texts, { pooling: "mean", normalize: true })
    const dimensions = dims.at(-1) ?? 0
    return texts.map((_, i) => data.slice(i * dimensions, (i + 1) * dimensions))
  }
  const [probe] = await embedTexts(["How long is a vector?"])
  return {
    model: basename(options.model),
    dimensions: probe?.length ?? 0,
    ...(options.calibration === undefined ? {} : { calibration: options.calibration }),
    // A batch is padded to its longest text and blocks the event loop: keep it small.
    batch: 16,
    concurrency: 1,
    close: async () => {
      await extract.dispose()
    },
    embed: async (texts, purpose) => {
      const prefix = (purpose === "query" ? options.queryPrefix : options.documentPrefix) ?? ""
      return embedTexts(texts.map((text) => `${prefix}${text}`))
    }
  }
}
