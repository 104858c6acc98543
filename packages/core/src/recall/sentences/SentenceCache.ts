import { type Outline, toOutline } from "./copies.ts"
import { TextCache } from "../../runtime/TextCache.ts"
import { readSentences, type Sentence } from "./readSentences.ts"

/** A text, read. */
export interface ReadText {
  readonly sentences: ReadonlyArray<Sentence>
  /** Of all of them. */
  readonly cues: number
  readonly outline: Outline
}

const read = (text: string, tokeniser: string): ReadText => {
  const sentences = readSentences(text, tokeniser)
  const cues = sentences.reduce((bits, sentence) => bits | sentence.cues, 0)
  return { sentences, cues, outline: toOutline(sentences) }
}

/** Texts as sentences. */
export class SentenceCache extends TextCache<ReadText> {
  constructor() {
    super(read)
  }
}
