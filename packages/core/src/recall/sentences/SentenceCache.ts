import { type Outline, toOutline } from "./copies.ts"
import { TextCache } from "../../runtime/TextCache.ts"
import { readSentences, type Sentence } from "./readSentences.ts"

/** A text, read as far as it is asked for. */
export class ReadText {
  readonly sentences: ReadonlyArray<Sentence>
  #outline: Outline | undefined

  constructor(sentences: ReadonlyArray<Sentence>) {
    this.sentences = sentences
  }

  /** Of all sentences. */
  get cues(): number {
    return this.sentences.reduce((bits, sentence) => bits | sentence.cues, 0)
  }

  get outline(): Outline {
    return (this.#outline ??= toOutline(this.sentences))
  }
}

/** Texts as sentences. */
export class SentenceCache extends TextCache<ReadText> {
  constructor() {
    super((text, tokeniser) => new ReadText(readSentences(text, tokeniser)))
  }
}
