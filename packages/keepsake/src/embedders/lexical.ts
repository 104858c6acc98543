import type { EmbedderProvider } from "@keepsake/core"
import { tokenise, termId } from "@keepsake/core/driver"

/** Options of the lexical embedder. */
export interface LexicalOptions {
  /** Length of the vectors; 512 when absent. */
  readonly dimensions?: number | undefined
}

const NGRAMS = [3, 4, 5]

/** Weight of all n-grams of a word together; the word itself weighs 1. */
const NGRAM_SHARE = 0.5

/** Feature hashing: the sign comes from the hash too, so that collisions cancel on average. */
const add = (vector: Float32Array, feature: string, weight: number): void => {
  const hash = termId(feature)
  const index = (hash >>> 1) % vector.length
  vector[index] = (vector[index] ?? 0) + (hash & 1 ? weight : -weight)
}

const embedText = (text: string, dimensions: number): Float32Array => {
  const vector = new Float32Array(dimensions)
  // A text of stop words has no terms: its letters keep the vector from being zero.
  const words = tokenise(text)
  for (const word of words.length === 0 ? [text.trim().toLowerCase()] : words) {
    add(vector, `w:${word}`, 1)
    const padded = Array.from(`<${word}>`)
    const grams = NGRAMS.flatMap((n) =>
      Array.from({ length: Math.max(0, padded.length - n + 1) }, (_, i) => padded.slice(i, i + n).join(""))
    )
    for (const gram of grams) add(vector, `g:${gram}`, NGRAM_SHARE / Math.sqrt(grams.length))
  }
  return vector
}

/**
 * Hashed words and character n-grams: deterministic, offline, nothing to download. Finds other spellings of
 * a word, never a synonym.
 */
export const lexical = ({ dimensions = 512 }: LexicalOptions = {}): EmbedderProvider => ({
  model: "lexical-hash-1",
  dimensions,
  calibration: { mean: 0, spread: 0.06 },
  batch: 256,
  embed: (texts) => texts.map((text) => embedText(text, dimensions))
})
