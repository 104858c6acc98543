import * as Effect from "effect/Effect"
import type { Fingerprint } from "../memory/Fingerprint.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import { admit, mapInSlices } from "../runtime/timeSlice.ts"
import type { Passage, Passages, StoreRow } from "../store/StoreRow.ts"
import { documentTerms } from "../text/bm25.ts"
import { cutPassages, type Span } from "../text/cutPassages.ts"
import { type Embedded, embedTexts, isWrongEmbedder } from "./askEmbedder.ts"
import type { Embedder } from "./Embedder.ts"

/** Stores filled with this tokeniser know no passages: every text is one. */
const WITHOUT_PASSAGES = "en-1"

/**
 * Widest text that stays one passage (see `cutPassages`): with an embedder, which reads no more; and by words alone,
 * whose weights were fitted to whole messages.
 */
const WHOLE = 1_600
const WHOLE_BY_WORDS = 16_000

const spansOf = (text: string, { embedding, tokeniser }: Fingerprint): ReadonlyArray<Span> =>
  tokeniser === WITHOUT_PASSAGES
    ? [{ start: 0, end: text.length }]
    : cutPassages(text, embedding === null ? WHOLE_BY_WORDS : WHOLE)

/** A text as a store of some fingerprint keeps it. */
export type EncodedText = Pick<StoreRow, "passages" | "owed">

/**
 * What becomes of texts without a vector. `owe`: they are kept, and owed vectors if the embedder failed. `skip`: those
 * that the model cannot embed are kept, but an embedder that fails is a failure. `refuse`: both are failures.
 */
export type MissingVectors = "owe" | "skip" | "refuse"

const NOTHING: Embedded = { vectors: new Map(), failure: null, refusal: null }

/** Cuts texts into passages, with their vectors and terms, as a store of this fingerprint keeps them. */
export const encodePassages = Effect.fnUntraced(function* (
  embedder: Embedder["Service"] | null,
  fingerprint: Fingerprint,
  texts: ReadonlyArray<string>,
  missing: MissingVectors
): Effect.fn.Return<ReadonlyArray<EncodedText>, MemoryError> {
  const cut = yield* mapInSlices(texts, (text) =>
    spansOf(text, fingerprint).map((span) => ({ ...span, text: text.slice(span.start, span.end) }))
  )
  const { failure, refusal, vectors } =
    embedder === null
      ? NOTHING
      : yield* embedTexts(
          embedder,
          cut.flatMap((parts) => parts.map(({ text }) => text))
        )
  if (failure !== null && (missing !== "owe" || isWrongEmbedder(failure))) return yield* failure
  if (refusal !== null && missing === "refuse") return yield* refusal
  // Calls batched by the embedder resume together: yield so that tokenising them does not block the event loop.
  yield* admit
  return yield* mapInSlices(cut, (parts) => ({
    passages: parts.map(({ end, start, text }): Passage => ({
      start,
      end,
      vector: vectors.get(text) ?? null,
      terms: documentTerms(text, fingerprint)
    })) as unknown as Passages,
    owed: embedder !== null && parts.some(({ text }) => !vectors.has(text))
  }))
})
