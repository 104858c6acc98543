/**
 * The lexical form of a text. Core owns the words, so that every store counts and weighs the same ones:
 * a store sees 32-bit term ids and float weights, never a language.
 */
import { stemmer } from "stemmer"

/** Changes whenever the same text would yield other terms; part of the fingerprint. */
export const TOKENISER = "en-1"

export interface TermSettings {
  readonly k1: number
  readonly b: number
  /** Average length assumed, in terms: fixed, so that a stored weight never goes stale. */
  readonly avgLen: number
}

export const TERM_SETTINGS: TermSettings = { k1: 1.2, b: 0.75, avgLen: 20 }

/** A document's terms: `ids` ascending and distinct, `weights[i]` the BM25 document weight of `ids[i]`. */
export interface Terms {
  readonly ids: Uint32Array
  readonly weights: Float32Array
}

const STOP = new Set(
  "a about above after again against all also am an and any are as at be because been before being below between both but by can cannot could did do does doing down during each few for from further had has have having he her here hers herself him himself his how i if in into is it its itself just let me more most my myself no nor not now of off on once only or other our ours ourselves out over own same she should so some such than that the their theirs them themselves then there these they this those through to too under until up us very was we were what when where which while who whom why will with would you your yours yourself yourselves".split(
    " "
  )
)

/** Stemmed content words in order of appearance. */
export const tokenise = (text: string): ReadonlyArray<string> => {
  const words =
    text
      .normalize("NFKC")
      .toLowerCase()
      .replaceAll("\u2019", "'")
      .match(/[\p{L}\p{N}_']+/gu) ?? []
  const tokens: Array<string> = []
  for (const word of words) {
    const bare = word.replace(/'s?$/u, "").replaceAll("'", "")
    if (bare === "" || STOP.has(bare)) continue
    tokens.push(/^[a-z]+$/u.test(bare) ? stemmer(bare) : bare)
  }
  return tokens
}

const encoder = new TextEncoder()

/** FNV-1a over UTF-8 with murmur's finaliser: 32 bits, so two of 10,000 words meet about once in 86 vocabularies. */
export const termId = (token: string): number => {
  let hash = 0x811c9dc5
  for (const byte of encoder.encode(token)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * The document side of BM25: `tf·(k1+1) / (tf + k1·(1 − b + b·len/avgLen))`, so that a store only needs
 * Σ idf·weight over the query's terms. (Robertson & Zaragoza 2009, eq. 3.15.)
 */
export const documentTerms = (text: string, settings: TermSettings = TERM_SETTINGS): Terms => {
  const tokens = tokenise(text)
  const counts = new Map<number, number>()
  for (const token of tokens) {
    const id = termId(token)
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  const ids = Uint32Array.from(counts.keys()).sort()
  const norm = settings.k1 * (1 - settings.b + (settings.b * tokens.length) / settings.avgLen)
  const weights = Float32Array.from(ids, (id) => {
    const tf = counts.get(id) ?? 0
    return (tf * (settings.k1 + 1)) / (tf + norm)
  })
  return { ids, weights }
}

/** The query's distinct terms, in order of first appearance. */
export const queryTerms = (text: string): Uint32Array => Uint32Array.from(new Set(tokenise(text).map(termId)))

/** BM25's IDF: `ln(1 + (n − df + ½)/(df + ½))`, over the scope. */
export const idf = (n: number, df: number): number => Math.log(1 + (n - df + 0.5) / (df + 0.5))
