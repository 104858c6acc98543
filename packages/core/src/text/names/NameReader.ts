/** Reads the names of speakers in a sentence. */
import { STOP_WORDS } from "../tokenise.ts"
import { isTitle, type Named, type NameIndex, type NameNode } from "./NameIndex.ts"
import type { NameUnit } from "./words.ts"

/** Places in the index that one walk through the sentence keeps. */
const NODES_MAX = 4

/** A message may be a list of names; what comes after these stays in it. */
const MATCHES_MAX = 1_000

/** Longest ending after an apostrophe: `Ana's`, `Ayşe'nin`. */
const SUFFIX_MAX = 5

/** Forms of address after a name of an unspaced script, the longest first. */
const ADDRESSES = "ちゃん 先生 さん さま くん 女士 小姐 老师 老師 同学 同學 様 君 氏 殿".split(" ")

const APOSTROPHE = /^['\u2019]$/u
const HAN = /^\p{Script=Han}/u
const KATAKANA = /^[\p{Script=Katakana}ー]/u
const JOINABLE = /^[\p{L}\p{N}]/u
const SENTENCE_END = /^[.!?:;…¿¡。！？]$/u

/** A name in a sentence. */
export interface NameMatch {
  readonly start: number
  readonly end: number
  /** Lists of places of the speakers who may be meant. */
  readonly speakers: ReadonlyArray<ReadonlyArray<number>>
  readonly isFull: boolean
}

interface Place {
  readonly first: NameUnit
  readonly last: NameUnit
  /** The unit before the name and the units after it. */
  readonly before: NameUnit | undefined
  readonly after: NameUnit | undefined
  readonly afterNext: NameUnit | undefined
}

/** Finds the names that `index` has in a sentence and its units. */
export class NameReader {
  readonly #sentence: string
  readonly #units: ReadonlyArray<NameUnit>
  readonly #index: NameIndex
  /** Words of the sentence that were asked for. */
  readonly #matches = new Map<string, ReadonlyArray<string>>()

  constructor(sentence: string, units: ReadonlyArray<NameUnit>, index: NameIndex) {
    this.#sentence = sentence
    this.#units = units
    this.#index = index
  }

  /** From left to right, the longest name at each place; up to `MATCHES_MAX`. */
  readAll(): ReadonlyArray<NameMatch> {
    const matches: Array<NameMatch> = []
    let free = 0
    for (const [i, { start }] of this.#units.entries()) {
      if (matches.length === MATCHES_MAX) break
      if (start < free) continue
      const match = this.#readAt(i)
      if (match === undefined) continue
      matches.push(match)
      free = match.end
    }
    return matches
  }

  #readAt(first: number): NameMatch | undefined {
    const steps: Array<ReadonlyArray<NameNode>> = []
    let nodes: ReadonlyArray<NameNode> = [this.#index.root]
    for (let i = first; i < this.#units.length; i++) {
      nodes = follow(nodes, this.#match(this.#units[i]?.key ?? ""))
      if (nodes.length === 0) break
      steps.push(nodes)
    }
    for (let length = steps.length; length > 0; length--) {
      const match = this.#accept(steps[length - 1] ?? [], first, first + length - 1)
      if (match !== undefined) return match
    }
    return undefined
  }

  #match(key: string): ReadonlyArray<string> {
    const known = this.#matches.get(key)
    if (known !== undefined) return known
    const words = this.#index.match(key)
    this.#matches.set(key, words)
    return words
  }

  #accept(nodes: ReadonlyArray<NameNode>, firstPlace: number, lastPlace: number): NameMatch | undefined {
    const [first, last] = [this.#units[firstPlace], this.#units[lastPlace]]
    if (first === undefined || last === undefined) return undefined
    const place: Place = {
      first,
      last,
      before: this.#units[firstPlace - 1],
      after: this.#units[lastPlace + 1],
      afterNext: this.#units[lastPlace + 2]
    }
    const addressEnd = this.#readAddress(last)
    const title = this.#titleBefore(firstPlace)
    const speakers = this.#pickSpeakers(nodes, addressEnd > last.end, title !== undefined)
    if (speakers === undefined) return undefined
    const suffixEnd = readSuffix(place)
    if (!this.#isApart(place, addressEnd > last.end)) return undefined
    if (firstPlace === lastPlace && suffixEnd === last.end && isStopWordAtStart(place)) return undefined
    return {
      start: title?.start ?? (this.#sentence[first.start - 1] === "@" ? first.start - 1 : first.start),
      end: Math.max(addressEnd, suffixEnd),
      ...speakers
    }
  }

  /** The form of address before a place, with or without its full stop. */
  #titleBefore(place: number): NameUnit | undefined {
    const before = this.#units[place - (this.#units[place - 1]?.key === "." ? 2 : 1)]
    return before !== undefined && isTitle(before.key) ? before : undefined
  }

  /** Speakers of this name; if there are none, those who are called so for short: by the last name behind a title. */
  #pickSpeakers(
    nodes: ReadonlyArray<NameNode>,
    isAddressed: boolean,
    isTitled: boolean
  ): Pick<NameMatch, "speakers" | "isFull"> | undefined {
    const pick = (kind: keyof Named) => {
      const speakers: Array<ReadonlyArray<number>> = []
      for (const node of nodes) if (node[kind].length > 0) speakers.push(node[kind])
      return speakers.length === 0 ? undefined : { speakers, isFull: kind === "full" }
    }
    const short = isTitled ? (pick("last") ?? pick("part")) : (pick("part") ?? pick("last"))
    return pick("full") ?? short ?? (isAddressed ? pick("family") : undefined)
  }

  /** Where a form of address ends that follows the name; the name's own end if there is none. */
  #readAddress({ end, kind }: NameUnit): number {
    if (kind !== "character") return end
    const address = ADDRESSES.find((form) => this.#sentence.startsWith(form, end))
    return end + (address?.length ?? 0)
  }

  /** Not a part of a longer name or word: of `Anne-Marie`, an address of e-mail, 森林, アンナプルナ. */
  #isApart({ after, before, first, last }: Place, isAddressed: boolean): boolean {
    const [left, right] = [this.#sentence[first.start - 1] ?? "", this.#sentence[last.end] ?? ""]
    const isHyphen = (mark: string) => mark === "-" || mark === "\u2010" || mark === "\u2011"
    if (isHyphen(left) && JOINABLE.test(this.#sentence[first.start - 2] ?? "")) return false
    if ((isHyphen(right) || right === "@") && JOINABLE.test(this.#sentence[last.end + 1] ?? "")) return false
    if (first.kind !== "character") return true
    const touches = (unit: NameUnit | undefined, script: RegExp): boolean =>
      unit !== undefined &&
      (unit.end === first.start || unit.start === last.end) &&
      script.test(this.#sentence.slice(unit.start, unit.start + 1))
    if (KATAKANA.test(first.key) && touches(before, KATAKANA)) return false
    if (KATAKANA.test(last.key) && touches(after, KATAKANA)) return false
    const isSingleHan = first === last && HAN.test(first.key)
    return !isSingleHan || isAddressed || !(touches(before, HAN) || touches(after, HAN))
  }
}

/** The nodes that a word leads to. */
const follow = (nodes: ReadonlyArray<NameNode>, words: ReadonlyArray<string>): ReadonlyArray<NameNode> => {
  const next: Array<NameNode> = []
  for (const node of nodes) {
    for (const word of words) {
      const child = node.next.get(word)
      if (child !== undefined && next.length < NODES_MAX) next.push(child)
    }
  }
  return next
}

/** Where an ending after an apostrophe ends; the name's own end if there is none. */
const readSuffix = ({ after, afterNext, last }: Place): number => {
  if (after === undefined || after.start !== last.end || !APOSTROPHE.test(after.key)) return last.end
  return afterNext !== undefined &&
    afterNext.start === after.end &&
    afterNext.kind === "word" &&
    afterNext.end - afterNext.start <= SUFFIX_MAX
    ? afterNext.end
    : last.end
}

/** "Will it rain?" asks nothing of Will. */
const isStopWordAtStart = ({ before, first }: Place): boolean =>
  STOP_WORDS.has(first.key.toLowerCase()) && (before === undefined || SENTENCE_END.test(before.key))
