/** Models that run in this process, through `@huggingface/transformers`. */
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import type { MemoryError } from "@keepsake/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { loadPackage, NotLoaded } from "./loadPackage.ts"

interface LoadOptions {
  readonly local_files_only: boolean
}

interface ModelOptions extends LoadOptions {
  readonly dtype: string
}

/** An array of numbers with its dimensions. */
export interface Tensor {
  readonly dims: ReadonlyArray<number>
  readonly data: Float32Array
}

/** A loaded model. */
interface Disposable {
  /** Frees the model's memory, which the garbage collector does not see. */
  dispose(): Promise<unknown>
}

interface Extractor extends Disposable {
  (
    texts: ReadonlyArray<string>,
    options: { readonly pooling: "mean"; readonly normalize: true }
  ): Promise<Tensor>
}

/** The inputs of a model, which it alone reads. */
type Encoded = Readonly<Record<string, unknown>>

/** A text becomes the numbers that a model reads. */
export type PairTokenizer = (
  texts: ReadonlyArray<string>,
  options: {
    readonly text_pair: ReadonlyArray<string>
    readonly padding: true
    readonly truncation: true
  }
) => Encoded

/** Gives each pair of texts the logits of its labels. */
export interface PairClassifier extends Disposable {
  (inputs: Encoded): Promise<{ readonly logits: Tensor }>
}

/** The part of `@huggingface/transformers` that is used here: the package is an optional peer. */
interface Transformers {
  pipeline(
    task: "feature-extraction",
    model: string,
    options: ModelOptions & {
      readonly progress_callback: (event: {
        readonly status: string
        readonly file?: string
        readonly loaded?: number
        readonly total?: number
      }) => void
    }
  ): Promise<Extractor>
  readonly AutoTokenizer: {
    from_pretrained(model: string, options: LoadOptions): Promise<PairTokenizer>
  }
  readonly AutoModelForSequenceClassification: {
    from_pretrained(model: string, options: ModelOptions): Promise<PairClassifier>
  }
}

const PACKAGE: string = "@huggingface/transformers"

// A variable, so that the type checker does not look for the package; the comments, so that no bundler does: it loads
// a native module.
export const loadTransformers = loadPackage(PACKAGE, "A local model", async () => {
  try {
    return (await import(
      /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ PACKAGE
    )) as Transformers
  } catch (cause) {
    return new NotLoaded(cause)
  }
})

interface LocalModel {
  readonly model: string
  readonly dtype?: string | undefined
  readonly allowRemote?: boolean | undefined
}

/**
 * The name that loads a model, and how. The library keeps what it has loaded by the name that it was given, so that two
 * folders of one name must differ in it: a folder is named by its whole path.
 */
export const toLoad = ({
  allowRemote,
  dtype = "q8",
  model
}: LocalModel): { readonly name: string; readonly options: ModelOptions } => {
  const path = resolve(model)
  const isFolder = existsSync(path)
  return {
    name: isFolder ? path : model,
    options: { dtype, local_files_only: isFolder || allowRemote === false }
  }
}

/** A provider that holds the memory of a model until it is closed. */
export interface Closable {
  /** Frees the model. `openMemory` closes a model that it made of a config; a provider of yours is yours to close. */
  close(): Promise<void>
}

const isClosable = (provider: object): provider is Closable =>
  "close" in provider && typeof provider.close === "function"

/** A provider until the Effect scope closes: a model that a config names (`isOurs`) is freed then. */
export const acquireProvider = <A extends object | null>(
  make: Effect.Effect<A, MemoryError>,
  isOurs: boolean
): Effect.Effect<A, MemoryError, Scope.Scope> =>
  Effect.acquireRelease(make, (provider) =>
    isOurs && provider !== null && isClosable(provider)
      ? Effect.promise(() => provider.close().catch(() => undefined))
      : Effect.void
  )
