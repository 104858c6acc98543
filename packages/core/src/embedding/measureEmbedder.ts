/** Measures how the cosines of an embedder lie, and how much they tell. */
import * as Effect from "effect/Effect"
import { type Calibration, REFERENCE_CALIBRATION } from "../memory/Fingerprint.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import type { Embedder } from "./Embedder.ts"

type Vectors = ReadonlyArray<Float32Array | null>

const loadTexts = Effect.promise(() => import("./calibrationTexts.ts"))

const mean = (values: ReadonlyArray<number>): number =>
  values.reduce((sum, x) => sum + x, 0) / Math.max(1, values.length)

const deviation = (values: ReadonlyArray<number>): number => {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((x) => (x - middle) ** 2)))
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)

const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits

/** Cosines of texts with the sentences of their own places, and with the others. */
interface Cosines {
  readonly matching: ReadonlyArray<number>
  readonly unrelated: ReadonlyArray<number>
}

const compare = (texts: Vectors, sentences: Vectors): Cosines => {
  const matching: Array<number> = []
  const unrelated: Array<number> = []
  texts.forEach((text, i) => {
    if (text === null) return
    sentences.forEach((sentence, k) => {
      if (sentence !== null) (i === k ? matching : unrelated).push(dot(text, sentence))
    })
  })
  return { matching, unrelated }
}

/**
 * The share of pairs in which a matching cosine is above an unrelated one (AUROC), ½ for a question without a vector.
 * @param asked questions, with and without a vector
 */
const readSeparation = ({ matching, unrelated }: Cosines, asked: number): number => {
  const above = mean(
    matching.map((one) => mean(unrelated.map((other) => (one > other ? 1 : one === other ? 0.5 : 0))))
  )
  const known = matching.length / asked
  return known * above + (1 - known) * 0.5
}

/** What all-MiniLM-L6-v2 comes to, which separates English questions wholly and others hardly. */
const REFERENCE_SEPARATION = 0.81

/** The built-in table, which knows English alone and less of it, comes to .72: its strength is .8. */
const toStrength = (separation: number): number =>
  round(Math.max(0, 1 + 2 * (separation - REFERENCE_SEPARATION)), 2)

/** Cosines of conversations lie wider than those of these texts: all-MiniLM-L6-v2 comes to its .1 by this. */
const WIDER = 1.27

/** Of fewer questions with a vector nothing is told. */
const KNOWN_MIN = 10

/**
 * The calibration of an embedder, from 60 short texts of core's own in two calls: sentences, as texts that are kept, and
 * questions. One that has vectors for few of them, or the same for all, is taken for all-MiniLM-L6-v2. Fails as `embed`
 * does.
 */
export const measureEmbedder = Effect.fnUntraced(function* (
  embedder: Embedder["Service"]
): Effect.fn.Return<Calibration, MemoryError> {
  const { CALIBRATION_TEXTS: texts } = yield* loadTexts
  const sentences = yield* embedder.embed(
    texts.map(([sentence]) => sentence),
    "document"
  )
  const questions = yield* embedder.embed(
    texts.flatMap(([, ...asked]) => asked),
    "query"
  )
  const [english, foreign] = [0, 1].map((at) =>
    compare(
      questions.filter((_, i) => i % 2 === at),
      sentences
    )
  ) as [Cosines, Cosines]
  const { unrelated } = compare(sentences, sentences)
  const spread = round(WIDER * deviation(unrelated), 3)
  if (english.matching.length < KNOWN_MIN || spread === 0) return REFERENCE_CALIBRATION
  const separation = mean([english, foreign].map((group) => readSeparation(group, texts.length)))
  return { mean: round(mean(unrelated), 3), spread, strength: toStrength(separation) }
})
