import type { MemoryClient, Recollection } from "@keepsake/keepsake"
import { type EvaluationSet, isAnswerable, type Question, statementsOf } from "./EvaluationSet.ts"

/** One recalled turn. */
export interface Found {
  readonly score: number
  readonly parts: Recollection["explain"]["parts"]
  readonly gold: boolean
}

/** What became of one question. */
export interface Outcome {
  readonly qid: string
  readonly scope: string
  readonly cat: string
  readonly answerable: boolean
  readonly goldCount: number
  /** The best hundred without a threshold, best first. */
  readonly found: ReadonlyArray<Found>
  /** How many the default setting returns, and how many of them are gold. */
  readonly shown: { readonly count: number; readonly gold: number }
  readonly ms: number
}

export interface Evaluation {
  readonly name: string
  readonly outcomes: ReadonlyArray<Outcome>
  /** Recalled memories that belong to another user. Zero, or scopes leak. */
  readonly foreignIds: number
  readonly writeMs: number
}

const BATCH = 256
const agentId = "bench-quality"

export const scopedTo = (memory: MemoryClient, set: string, scope: string) =>
  memory.for({ agentId, userId: `${set}-${scope}` })

/** Remembers every dialogue, each as its own user; returns each user's ids by doc. */
const remember = async (memory: MemoryClient, set: EvaluationSet) => {
  const ids = new Map<string, ReadonlyMap<string, string>>()
  for (const { docs, scope } of set.scopes) {
    const statements = statementsOf(docs)
    const known = new Map<string, string>()
    for (let at = 0; at < statements.length; at += BATCH) {
      const batch = await scopedTo(memory, set.name, scope).rememberMany(statements.slice(at, at + BATCH))
      batch.forEach(({ id }, i) => {
        if (id !== null) known.set(id, docs[at + i]?.id ?? "")
      })
    }
    ids.set(scope, known)
  }
  return ids
}

/** Asks everything through the handle that users hold. */
export const evaluate = async (memory: MemoryClient, set: EvaluationSet): Promise<Evaluation> => {
  const started = performance.now()
  const ids = await remember(memory, set)
  const docCount = set.scopes.reduce((sum, { docs }) => sum + docs.length, 0)
  const writeMs = (performance.now() - started) / docCount
  let foreignIds = 0

  const ask = async (scope: string, question: Question): Promise<Outcome> => {
    const scoped = scopedTo(memory, set.name, scope)
    const known = ids.get(scope) ?? new Map<string, string>()
    const gold = new Set(question.gold)
    const isGold = ({ memory: { id } }: Recollection) => gold.has(known.get(id) ?? "")
    const all = await scoped.recall(question.q, { limit: 100, minScore: 0 })
    // The second time around the question's vector is in the cache: what is timed is the library, not the embedder.
    const asked = performance.now()
    const shown = await scoped.recall(question.q)
    const ms = performance.now() - asked
    foreignIds += [...all, ...shown].filter(({ memory: { id } }) => !known.has(id)).length
    return {
      qid: question.qid,
      scope,
      cat: String(question.cat),
      answerable: isAnswerable(question),
      goldCount: gold.size,
      found: all.map((one) => ({ score: one.score, parts: one.explain.parts, gold: isGold(one) })),
      shown: { count: shown.length, gold: shown.filter(isGold).length },
      ms
    }
  }

  const outcomes: Array<Outcome> = []
  for (const { queries, scope } of set.scopes) {
    for (const question of queries) outcomes.push(await ask(scope, question))
  }
  return { name: set.name, outcomes, foreignIds, writeMs }
}
