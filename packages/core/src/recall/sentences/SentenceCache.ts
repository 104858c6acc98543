import { type Outline, toOutline } from "./copies.ts"
import { TextCache } from "../../runtime/TextCache.ts"
import { readSentences, type Sentence } from "./readSentences.ts"

/** A text, read as far as it is asked for. */
export class ReadText {
  readonly sentences: ReadonlyArray<Sentence>
  readonly #text: string
  #outline: Outline | undefined

  constructor(sentences: ReadonlyArray<Sentence>, text: string) {
    this.sentences = sentences
    this.#text = text
  }

  /** Of all sentences. */
  get cues(): number {
    return this.sentences.reduce((bits, sentence) => bits | sentence.cues, 0)
  }

  get outline(): Outline {
    return (this.#outline ??= toOutline(this.sentences, this.#text))
  }
}

/** Texts as sentences. */
export class SentenceCache extends TextCache<ReadText> {
  constructor() {
    super((text, tokeniser) => new ReadText(readSentences(text, tokeniser), text))
  }
}
