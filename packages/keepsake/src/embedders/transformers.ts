import { existsSync } from "node:fs"
import { basename, resolve } from "node:path"
import type { EmbedderProvider } from "@keepsake/core"
import * as Effect from "effect/Effect"
import type { TransformersConfig } from "../config/EmbedderConfig.ts"
import { loadPackage, NotLoaded } from "../loadPackage.ts"

/** A model that runs in this process. */
export interface TransformersOptions extends Omit<TransformersConfig, "provider"> {
  /** Called while the model's files are downloaded. */
  readonly onProgress?:
    | ((progress: { readonly file: string; readonly loaded: number; readonly total: number }) => void)
    | undefined
}

/** The part of `@huggingface/transformers` that is used here: the package is an optional peer. */
interface Transformers {
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
  ): Promise<Extractor>
}

interface Extractor {
  (
    texts: ReadonlyArray<string>,
    options: { readonly pooling: "mean"; readonly normalize: true }
  ): Promise<{ readonly dims: ReadonlyArray<number>; readonly data: Float32Array }>
  /** Frees the model's memory, which the garbage collector does not see. */
  dispose(): Promise<void>
}

const PACKAGE: string = "@huggingface/transformers"

// A variable, so that the type checker does not look for the package; the comments, so that no bundler does: it loads
// a native module.
const load = loadPackage(PACKAGE, "A local embedding model", async () => {
  try {
    return (await import(
      /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ PACKAGE
    )) as Transformers
  } catch (cause) {
    return new NotLoaded(cause)
  }
})

/** A provider that holds the memory of a model until it is closed. */
export interface LocalEmbedder extends EmbedderProvider {
  /** Frees the model. `openMemory` closes a model that it made of a config; a provider of yours is yours to close. */
  close(): Promise<void>
}

/**
 * The whole path of a model on this machine; undefined for a name on the hub. The library keeps what it has loaded by
 * the name that it was given, so that two folders of one name must differ in it.
 */
const findFolder = (model: string): string | undefined => {
  const path = resolve(model)
  return existsSync(path) ? path : undefined
}

/**
 * A model in this process: no text leaves the machine. Needs `@huggingface/transformers`; a model on the hub
 * is downloaded at first use.
 */
export const transformers = async (options: TransformersOptions): Promise<LocalEmbedder> => {
  const library = await Effect.runPromise(load)
  const folder = findFolder(options.model)
  const extract = await library.pipeline("feature-extraction", folder ?? options.model, {
    dtype: options.dtype ?? "q8",
    local_files_only: folder !== undefined || options.allowRemote === false,
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
    close: () => extract.dispose(),
    embed: async (texts, purpose) => {
      const prefix = (purpose === "query" ? options.queryPrefix : options.documentPrefix) ?? ""
      return embedTexts(texts.map((text) => `${prefix}${text}`))
    }
  }
}
