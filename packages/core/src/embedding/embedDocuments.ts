import { Effect } from "effect"
import type { MemoryError } from "../memory/MemoryError.ts"
import type { Embedder } from "./Embedder.ts"

/** The vectors of texts that are to be kept; each `null` without an embedder. */
export const embedDocuments = (
  embedder: Embedder["Service"] | null,
  texts: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<Float32Array | null>, MemoryError> =>
  embedder === null ? Effect.succeed(texts.map(() => null)) : embedder.embed(texts, "document")
