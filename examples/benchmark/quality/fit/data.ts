/** The worlds of a fit: conversations of our own and of a set, with foreign messages, grown, and cut down. */
import { wordKey } from "../../../../packages/core/src/text/terms/Word.ts"
import { readWith, TOKENISER } from "../../../../packages/core/src/text/terms/tokenisers.ts"
import type { Dialogue } from "../EvaluationSet.ts"
import { isAnswerable, toContent } from "../EvaluationSet.ts"
import {
  type Asked,
  cutDown,
  grown,
  pickSome,
  seeded,
  sentencesOf,
  toForeign,
  toWorld,
  type World
} from "./worlds.ts"

const WORDS_IN_TEXT = /[\p{L}\p{N}]{4,}/gu

const wordsOf = (text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(WORDS_IN_TEXT), ([word]) => word)
const keys = new Map<string, number | undefined>()

/** Read among function words, so that one of them has no key. */
const keyOf = (word: string): number | undefined => {
  const known = keys.get(word)
  if (known !== undefined || keys.has(word)) return known
  const key = readKey(word)
  keys.set(word, key)
  return key
}

const readKey = (word: string): number | undefined => {
  const [first, second] = readWith(TOKENISER, `and the ${word.toLowerCase()} was of it`).words
  return first === undefined || second !== undefined ? undefined : wordKey(first)
}

const ASKING: ReadonlyArray<(word: string, other: string) => string> = [
  (word) => word,
  (word) => `What about ${word}?`,
  (word) => `What did I say about ${word}?`,
  (word, other) => `${word} ${other}`,
  (word, other) => `Do you remember the ${other} and ${word}?`
]

/** Questions after a word that one statement alone holds. */
export const loneWords = (
  { statements }: World,
  count: number,
  kind: string,
  random: () => number
): ReadonlyArray<Asked> => {
  const keysOf = statements.map(({ content }) => new Set(readWith(TOKENISER, content).words.map(wordKey)))
  const holders = new Map<number, number>()
  for (const keys of keysOf) for (const key of keys) holders.set(key, (holders.get(key) ?? 0) + 1)
  const order = pickSome(Array.from(statements.keys()), Math.min(statements.length, count * 6), random)
  const asked: Array<Asked> = []
  for (const at of order) {
    if (asked.length >= count) break
    const statement = statements[at]
    if (statement === undefined) continue
    const words = wordsOf(statement.content).filter((word) => keyOf(word) !== undefined)
    const lone = words.filter((word) => holders.get(keyOf(word) ?? -1) === 1)
    if (lone.length === 0) continue
    const word = lone[Math.floor(random() * lone.length)] ?? ""
    const other = words[Math.floor(random() * words.length)] ?? ""
    const ask = ASKING[asked.length % ASKING.length]
    if (ask === undefined) continue
    asked.push({ text: ask(word, other), gold: new Set([statement.key ?? ""]), kind })
  }
  return asked
}

/** Messages from a few words to a thousand: single turns, and several in a row. */
export const messagesOf = (
  dialogues: ReadonlyArray<Dialogue>,
  count: number,
  random: () => number
): ReadonlyArray<string> => {
  const turns = dialogues.flatMap(({ docs }) => docs.map(toContent))
  const users = dialogues.flatMap(({ docs }) =>
    docs.filter(({ speaker }) => speaker !== "assistant").map(toContent)
  )
  const sentences = sentencesOf(dialogues).map(({ text }) => text)
  const questions = dialogues.flatMap(({ queries }) => queries.map(({ q }) => q))
  const some = (from: ReadonlyArray<string>): string => from[Math.floor(random() * from.length)] ?? ""
  return Array.from({ length: count }, (_, i) => {
    switch (i % 6) {
      case 0:
        return some(sentences)
      case 1:
        return some(users)
      case 2:
        return some(questions)
      case 3:
        return some(turns)
      case 4:
        return `${some(users)}\n${some(users)}`
      default: {
        const at = Math.floor(random() * turns.length)
        return turns.slice(at, at + 2 + Math.floor(random() * 4)).join("\n\n")
      }
    }
  })
}

export interface FitSets {
  /** Conversations of the set, and of our own that are fitted to, by the half of a conversation each. */
  readonly set: ReadonlyArray<Dialogue>
  readonly own: ReadonlyArray<Dialogue>
  /** Only measured. */
  readonly heldOut: ReadonlyArray<Dialogue>
  readonly tests: ReadonlyArray<{ readonly name: string; readonly dialogues: ReadonlyArray<Dialogue> }>
}

const FOREIGN = 30

/** How much is asked: `few` for an embedder, which takes most of the time; `large` grows scopes to 60,000 rows. */
export type Amount = "few" | "usual" | "large"

export const makeWorlds = ({ heldOut, own, set, tests }: FitSets, amount: Amount): ReadonlyArray<World> => {
  const foreignCount = amount === "few" ? 2 : FOREIGN
  const worlds: Array<World> = []
  const ask = (world: World, more: ReadonlyArray<Asked>): World => ({
    ...world,
    asked: [...world.asked, ...more]
  })
  const each = (
    dialogues: ReadonlyArray<Dialogue>,
    kind: string,
    foreign: ReadonlyArray<Dialogue>,
    count: number
  ): void => {
    for (const [i, dialogue] of dialogues.entries()) {
      const random = seeded(i)
      const world = toWorld(dialogue, kind)
      worlds.push(
        ask(world, [
          ...toForeign(
            dialogue.queries.filter((query) => !isAnswerable(query)).map(({ q }) => q),
            `unknown-${kind}`
          ),
          ...toForeign(messagesOf(foreign, count, random), `foreign-${kind}`),
          ...loneWords(world, 10, `lone-${kind}`, random)
        ])
      )
    }
  }
  each(set, "set", own, foreignCount)
  each(own, "own", set, foreignCount)
  each(heldOut, "held", set, Math.min(12, foreignCount))
  for (const { dialogues, name } of tests) each(dialogues, name, set, foreignCount * 2)
  for (const size of [6, 12, 30, 100]) {
    for (const [kind, dialogues, foreign] of [
      ["set", set, own],
      ["own", own, set]
    ] as const) {
      const random = seeded(size)
      const pieces = dialogues.flatMap((dialogue) => cutDown(dialogue, size, `cut-${kind}`))
      for (const world of pickSome(pieces, 60, random))
        worlds.push(
          ask(world, toForeign(messagesOf(foreign, amount === "few" ? 0 : 6, random), `foreign-cut`))
        )
    }
  }
  if (amount === "few") return worlds
  for (const size of amount === "large" ? [1_500, 5_000, 15_000, 60_000] : [1_500, 5_000, 15_000]) {
    for (const [kind, dialogues, foreign] of [
      ["set", set, own],
      ["own", own, set]
    ] as const) {
      const random = seeded(size)
      const few = pickSome(dialogues, 4, random)
      // Of the same source as the conversations, so that foreign messages are foreign to the filling too.
      const filling = sentencesOf(dialogues.filter((dialogue) => !few.includes(dialogue)))
      if (filling.length < size) continue
      const world = grown(`grown-${kind}-${size}`, few, filling, size, `grown-${kind}`, random)
      worlds.push(
        ask(world, [
          ...toForeign(messagesOf(foreign, FOREIGN * 2, random), `foreign-grown`),
          ...loneWords(world, 40, `lone-grown`, random)
        ])
      )
    }
  }
  return worlds
}
