import { Effect } from "effect"
import type { Fingerprint } from "../memory/Fingerprint.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import { admit } from "../runtime/timeSlice.ts"
import type { Passage, Passages, StoreRow } from "../store/StoreRow.ts"
import { documentTerms } from "../text/bm25.ts"
import { cutPassages, type Span } from "../text/cutPassages.ts"
import type { Embedder } from "./Embedder.ts"
import { embedDocuments } from "./embedDocuments.ts"

/** Stores filled with this tokeniser know no passages: every text is one. */
const WITHOUT_PASSAGES = "en-1"

const spansOf = (text: string, tokeniser: string): ReadonlyArray<Span> =>
  tokeniser === WITHOUT_PASSAGES ? [{ start: 0, end: text.length }] : cutPassages(text)

/** A text as a store of some fingerprint keeps it. */
export type EncodedText = Pick<StoreRow, "passages" | "owed">

/** Cuts texts into passages, with their vectors and terms, as a store of this fingerprint keeps them. */
export const encodePassages = Effect.fnUntraced(function* (
  embedder: Embedder["Service"] | null,
  fingerprint: Fingerprint,
  texts: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyArray<EncodedText>, MemoryError> {
  const cut = texts.map((text) => spansOf(text, fingerprint.tokeniser))
  const parts = texts.map((text, i) => (cut[i] ?? []).map(({ end, start }) => text.slice(start, end)))
  const vectors = yield* embedDocuments(embedder, parts.flat())
  // Calls batched by the embedder resume together: yield so that tokenising them does not block the event loop.
  yield* admit
  let at = 0
  return cut.map((spans, i) => {
    const passages = spans.map((span, j): Passage => ({
      ...span,
      vector: vectors[at + j] ?? null,
      terms: documentTerms(parts[i]?.[j] ?? "", fingerprint)
    }))
    at += spans.length
    return { passages: passages as unknown as Passages, owed: false }
  })
})
