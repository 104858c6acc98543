import { type EmbedderProvider } from "@keepsake/core"
import { tokenise, termId } from "@keepsake/core/driver"

/** How long the vectors are. */
export interface LexicalOptions {
  /** 64 to 4,096; 512 when absent. */
  readonly dimensions?: number | undefined
}

const NGRAMS = [3, 4, 5]

/** Share of a word's weight that its character n-grams carry together. */
const NGRAM_SHARE = 0.5

/** Adds a feature at a place and with a sign that its name decides, so that collisions cancel on average. */
const add = (vector: Float32Array, feature: string, weight: number): void => {
  const hash = termId(feature)
  const at = (hash >>> 1) % vector.length
  vector[at] = (vector[at] ?? 0) + (hash & 1 ? weight : -weight)
}

const embedText = (text: string, dimensions: number): Float32Array => {
  const vector = new Float32Array(dimensions)
  // A text of stop words alone still has a direction: its own letters.
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
 * Hashed words and character n-grams: deterministic, offline, nothing to download. Lexical, and its model's
 * name says so: it finds other spellings of a word, never another word for the same thing.
 */
export const lexical = ({ dimensions = 512 }: LexicalOptions = {}): EmbedderProvider => ({
  model: "lexical-hash-1",
  dimensions,
  calibration: { mean: 0, spread: 0.06 },
  batch: 256,
  embed: (texts) => texts.map((text) => embedText(text, dimensions))
})
