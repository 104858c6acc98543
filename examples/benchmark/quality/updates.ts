/** Facts that change: whether what holds now comes before what held then. */
import { readFile } from "node:fs/promises"
import type { EmbedderProvider } from "@keepsake/keepsake"
import { withMemory } from "./opened.ts"

interface Turn {
  readonly speaker: "user" | "assistant"
  readonly text: string
  readonly daysAgo: number
}

interface Conversation {
  readonly kind: string
  readonly language: string
  readonly half: "fit" | "held-out"
  readonly turns: ReadonlyArray<Turn>
  readonly question: string
}

interface Pair extends Conversation {
  readonly stale: number
  readonly staleEcho?: number
  readonly latest: number
  readonly latestEcho?: number
}

interface Control extends Conversation {
  readonly right: number
}

/** What recall made of one conversation. */
export interface UpdateOutcome extends Pick<Conversation, "kind" | "half" | "language" | "question"> {
  readonly isControl: boolean
  /** Of a pair, whether the latest comes before the stale one; of a control, whether the right one leads the other. */
  readonly isRight: boolean
  /** Whether the stale statement, or the other one of a control, is first of all. */
  readonly isStaleFirst: boolean
}

/** A longer silence ends a session. */
const SILENCE_DAYS = 7
/** Other conversations in the same memory: about 40 turns. */
const OTHERS = 8
/** From one of them to the next, so that they are of other lives and kinds. */
const STRIDE = 23

const NOW = Date.parse("2025-06-30T12:00:00Z")
const DAY_MS = 86_400_000

/** The session of each turn, by the turn that opens it. */
const toSessions = (turns: ReadonlyArray<Turn>): ReadonlyArray<number> => {
  let session = 0
  return turns.map(({ daysAgo }, turn) => {
    const before = turns[turn - 1]
    if (before !== undefined && before.daysAgo - daysAgo > SILENCE_DAYS) session = turn
    return session
  })
}

const toStatements = ({ turns }: Conversation, at: number) => {
  const sessions = toSessions(turns)
  return turns.map(({ daysAgo, speaker, text }, turn) => ({
    content: text,
    source: speaker,
    sessionId: `${at}-${sessions[turn]}`,
    saidAt: NOW - daysAgo * DAY_MS + turn * 60_000
  }))
}

/** The turns that should lead, and those that should not come before them. */
const toSides = (
  conversation: Pair | Control
): readonly [ReadonlyArray<number | undefined>, ReadonlyArray<number | undefined>] => {
  if (!("right" in conversation)) {
    const { latest, latestEcho, stale, staleEcho } = conversation
    return [
      [latest, latestEcho],
      [stale, staleEcho]
    ]
  }
  const { right, turns } = conversation
  const sessions = toSessions(turns)
  const others = turns.flatMap(({ speaker }, turn) =>
    speaker === "user" && sessions[turn] !== sessions[right] ? [turn] : []
  )
  return [[right], others]
}

/** Each conversation in a memory of its own, `isAmong` others or alone. */
export const evaluateUpdates = async (
  embedder: string | EmbedderProvider | null,
  file: string,
  isAmong: boolean
): Promise<ReadonlyArray<UpdateOutcome>> => {
  const { controls, pairs } = JSON.parse(await readFile(file, "utf8")) as {
    readonly pairs: ReadonlyArray<Pair>
    readonly controls: ReadonlyArray<Control>
  }
  const all = [...pairs, ...controls]
  return withMemory("memory", embedder, async (memory) => {
    const ask = async (conversation: Conversation, at: number): Promise<ReadonlyArray<string>> => {
      const scoped = memory.for({ agentId: "bench-updates", userId: String(at) })
      const others = Array.from(
        { length: isAmong ? OTHERS : 0 },
        (_, i) => (at + (i + 1) * STRIDE) % all.length
      )
      const statements = [at, ...others]
        .flatMap((other) => toStatements(all[other] ?? conversation, other))
        .sort((a, b) => a.saidAt - b.saidAt)
      await scoped.rememberMany(statements)
      return (await scoped.recall(conversation.question)).map(({ memory: { content } }) => content)
    }
    const outcomes: Array<UpdateOutcome> = []
    for (const [at, conversation] of all.entries()) {
      const found = await ask(conversation, at)
      /** The best rank of some turns; infinite where none is recalled. */
      const rank = (turns: ReadonlyArray<number | undefined>): number => {
        const texts = turns.map((turn) => (turn === undefined ? undefined : conversation.turns[turn]?.text))
        const best = found.findIndex((text) => texts.includes(text))
        return best < 0 ? Number.POSITIVE_INFINITY : best
      }
      const [right, wrong] = toSides(conversation).map(rank)
      const { half, kind, language, question } = conversation
      outcomes.push({
        half,
        kind,
        language,
        question,
        isControl: "right" in conversation,
        isRight: (right ?? 0) < (wrong ?? 0),
        isStaleFirst: wrong === 0
      })
    }
    return outcomes
  })
}

/** What became of the pairs and the controls, by embedder and company. */
export interface UpdateReport {
  readonly embedder: string
  readonly isAmong: boolean
  readonly outcomes: ReadonlyArray<UpdateOutcome>
}

/** Alone and among others, by words and with an embedder. */
export const reportUpdates = async (
  embedders: ReadonlyArray<string | null>,
  file: string
): Promise<ReadonlyArray<UpdateReport>> => {
  const reports: Array<UpdateReport> = []
  for (const embedder of embedders)
    for (const isAmong of [false, true])
      reports.push({
        embedder: embedder ?? "no model",
        isAmong,
        outcomes: await evaluateUpdates(embedder, file, isAmong)
      })
  return reports
}
