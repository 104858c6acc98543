/** The table that comes with the package: the word pieces of all-MiniLM-L6-v2 in English (see NOTICE). */
import type { EmbedderProvider } from "@keepsake/core"
import { normaliseBert, splitBert } from "./bertWords.ts"
import { readPacked } from "./packedTable.ts"
import { type StaticTable, sumRows } from "./StaticTable.ts"
import { readTableText } from "./tableText.ts"
import { cutWord } from "./wordPiece.ts"

/** Of `#table`, which is read at the first text and not when a store is opened. */
const DIMENSIONS = 192
/** Its strength: a mean of words knows their subjects, and neither their order nor who does what. */
const CALIBRATION = { mean: 0.031, spread: 0.087, strength: 0.8 }

const BERT = { lowercase: true, stripAccents: true, splitChinese: true }

/**
 * A text in which less than this share of the letters stands in words that the table has whole is left to its words: in
 * another language than the table's, or of names, pieces of words mean nothing. Of our texts, 95 % in English have more
 * than .63, and 95 % in any other language less than .64, most less than .4.
 */
const KNOWN_MIN = 0.6

const LETTER = /\p{L}/u

const readTable = async (): Promise<StaticTable> => {
  const { ids, rowsOf } = readPacked(await readTableText())
  const pieces = { ids, prefix: "##", longest: 100 }
  return {
    dimensions: DIMENSIONS,
    embed: (text) => {
      const cut: Array<number> = []
      let letters = 0
      let known = 0
      for (const word of splitBert(normaliseBert(text, BERT))) {
        cutWord(pieces, word, cut)
        if (!LETTER.test(word)) continue
        letters += word.length
        if (ids.get(word) !== undefined) known += word.length
      }
      return letters === 0 || known < KNOWN_MIN * letters ? null : sumRows(rowsOf(cut), cut)
    }
  }
}

let reading: Promise<StaticTable> | undefined

/** What a new store embeds with where nothing else is named: in this process, without a model or a download. */
export const builtInTable = (): EmbedderProvider => ({
  model: `static:all-MiniLM-L6-v2/${DIMENSIONS}`,
  dimensions: DIMENSIONS,
  calibration: CALIBRATION,
  embed: async (texts) => {
    const table = await (reading ??= readTable())
    return texts.map((text) => table.embed(text))
  }
})
