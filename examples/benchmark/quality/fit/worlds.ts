/** What the weights are fitted to: scopes, what is asked of them, and what is right. */
import type { Statement } from "@keepsake/keepsake"
import { type Dialogue, type Doc, isAnswerable, toContent, toStatements } from "../EvaluationSet.ts"

/** A message asked of a scope. `gold` is empty where nothing answers it. */
export interface Asked {
  readonly text: string
  /** Keys of the right statements. */
  readonly gold: ReadonlySet<string>
  /** What it is asked for: figures and weights are by kind. */
  readonly kind: string
}

/** One scope, and the messages asked of it. */
export interface World {
  readonly name: string
  readonly statements: ReadonlyArray<Statement>
  readonly asked: ReadonlyArray<Asked>
}

/** A generator of numbers from 0 to 1 that always gives the same row: a fit can be run again. */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export const pickSome = <A>(
  items: ReadonlyArray<A>,
  count: number,
  random: () => number
): ReadonlyArray<A> => {
  const left = [...items]
  const picked: Array<A> = []
  while (picked.length < count && left.length > 0) {
    const [item] = left.splice(Math.floor(random() * left.length), 1)
    if (item !== undefined) picked.push(item)
  }
  return picked
}

/** The answerable questions of a conversation. */
export const questionsOf = ({ queries }: Dialogue, kind: string, prefix = ""): ReadonlyArray<Asked> =>
  queries
    .filter(isAnswerable)
    .map(({ gold, q }) => ({ text: q, gold: new Set(gold.map((id) => prefix + id)), kind }))

/** A conversation as it is. */
export const toWorld = (dialogue: Dialogue, kind: string): World => ({
  name: `${kind}-${dialogue.scope}`,
  statements: toStatements(dialogue.docs),
  asked: questionsOf(dialogue, kind)
})

/** Messages of conversations that have nothing to do with the scope. */
export const toForeign = (messages: ReadonlyArray<string>, kind: string): ReadonlyArray<Asked> =>
  messages.map((text) => ({ text, gold: new Set<string>(), kind }))

/** A conversation cut to pieces of `size` turns: those that hold all the evidence of a question. */
export const cutDown = (
  { docs, queries, scope }: Dialogue,
  size: number,
  kind: string
): ReadonlyArray<World> => {
  const worlds: Array<World> = []
  for (let at = 0; at + size <= docs.length; at += size) {
    const piece = docs.slice(at, at + size)
    const ids = new Set(piece.map(({ id }) => id))
    const answered = queries.filter((query) => isAnswerable(query) && query.gold.every((id) => ids.has(id)))
    if (answered.length > 0)
      worlds.push(toWorld({ scope: `${scope}-${size}-${at}`, docs: piece, queries: answered }, kind))
  }
  return worlds
}

const SENTENCE = /[^.!?\n]+[.!?\n]*/gu
const SENTENCE_MIN = 25

/** Sentences of conversations, to fill a scope with. */
export const sentencesOf = (
  dialogues: ReadonlyArray<Dialogue>
): ReadonlyArray<Pick<Doc, "speaker" | "text">> =>
  dialogues.flatMap(({ docs }) =>
    docs.flatMap((doc) =>
      Array.from(toContent(doc).matchAll(SENTENCE), ([sentence]) => sentence.trim())
        .filter((sentence) => sentence.length >= SENTENCE_MIN)
        .map((text) => ({ speaker: doc.speaker, text }))
    )
  )

/** Turns of a session that fills. */
const FILLING_SESSION = 12
const DAY = 86_400_000

/** Conversations in one scope, filled up with other people's sentences to `size` rows. */
export const grown = (
  name: string,
  dialogues: ReadonlyArray<Dialogue>,
  filling: ReadonlyArray<Pick<Doc, "speaker" | "text">>,
  size: number,
  kind: string,
  random: () => number
): World => {
  const own = dialogues.flatMap(({ docs, scope }) =>
    toStatements(docs).map((statement) => ({
      ...statement,
      key: `${scope}:${statement.key ?? ""}`,
      sessionId: `${scope}:${statement.sessionId ?? ""}`
    }))
  )
  const from = Math.floor(random() * filling.length)
  const rest = Array.from({ length: Math.max(0, size - own.length) }, (_, i): Statement => {
    const { speaker, text } = filling[(from + i) % filling.length] ?? { speaker: "user", text: "" }
    const session = Math.floor(i / FILLING_SESSION)
    return {
      content: toContent({ id: "", session, speaker, date: "", text }),
      source: speaker === "assistant" ? "assistant" : "user",
      sessionId: `filling:${session}`,
      turn: i % FILLING_SESSION,
      saidAt: Date.UTC(2024, 0, 1) + (session % 600) * DAY,
      key: `filling:${i}`
    }
  })
  return {
    name,
    statements: [...own, ...rest],
    asked: dialogues.flatMap((dialogue) => questionsOf(dialogue, kind, `${dialogue.scope}:`))
  }
}
