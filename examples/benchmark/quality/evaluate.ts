import type { MemoryClient, Recollection } from "@keepsake/keepsake"
import { type EvaluationSet, isAnswerable, type Question, toStatements } from "./EvaluationSet.ts"

/** One recalled turn. */
export interface Found {
  readonly score: number
  readonly parts: Recollection["explain"]["parts"]
  readonly gold: boolean
}

/** The result of one question. */
export interface Outcome {
  readonly qid: string
  readonly scope: string
  readonly cat: string
  readonly answerable: boolean
  readonly goldCount: number
  /** The best hundred without a threshold, highest score first. */
  readonly found: ReadonlyArray<Found>
  /** Results of the default settings: how many, and how many of them are gold. */
  readonly shown: { readonly count: number; readonly gold: number }
  readonly ms: number
}

export interface Evaluation {
  readonly name: string
  readonly outcomes: ReadonlyArray<Outcome>
  /** Recalled memories of another user: more than 0 means that scopes leak. */
  readonly foreignIds: number
  readonly writeMs: number
}

const BATCH = 256
const agentId = "bench-quality"

export const openScope = (memory: MemoryClient, set: string, scope: string) =>
  memory.for({ agentId, userId: `${set}-${scope}` })

/** Remembers each dialogue as a user. Returns the doc of each memory id, by scope. */
const remember = async (memory: MemoryClient, set: EvaluationSet) => {
  const docsByScope = new Map<string, ReadonlyMap<string, string>>()
  for (const { docs, scope } of set.scopes) {
    const statements = toStatements(docs)
    const docsById = new Map<string, string>()
    for (let at = 0; at < statements.length; at += BATCH) {
      const batch = await openScope(memory, set.name, scope).rememberMany(statements.slice(at, at + BATCH))
      batch.forEach(({ id }, i) => {
        if (id !== null) docsById.set(id, docs[at + i]?.id ?? "")
      })
    }
    docsByScope.set(scope, docsById)
  }
  return docsByScope
}

/** Remembers the dialogues and asks the questions through the public API, each for `limit` memories. */
export const evaluate = async (
  memory: MemoryClient,
  set: EvaluationSet,
  limit = 100
): Promise<Evaluation> => {
  const started = performance.now()
  const docsByScope = await remember(memory, set)
  const docCount = set.scopes.reduce((sum, { docs }) => sum + docs.length, 0)
  const writeMs = (performance.now() - started) / docCount
  let foreignIds = 0

  const ask = async (scope: string, question: Question): Promise<Outcome> => {
    const scoped = openScope(memory, set.name, scope)
    const docsById = docsByScope.get(scope) ?? new Map<string, string>()
    const gold = new Set(question.gold)
    const isGold = ({ memory: { id } }: Recollection) => gold.has(docsById.get(id) ?? "")
    const all = await scoped.recall(question.q, { limit, minScore: 0 })
    // A figure for an embedder must not be one for words.
    const [lack] = all.degraded ?? []
    if (lack !== undefined) throw new Error(`${question.qid}: ${lack.message}`)
    // Times the second call: the question's vector is cached by then, so the embedder's time is left out.
    const start = performance.now()
    const shown = await scoped.recall(question.q)
    const ms = performance.now() - start
    foreignIds += [...all, ...shown].filter(({ memory: { id } }) => !docsById.has(id)).length
    return {
      qid: question.qid,
      scope,
      cat: String(question.cat),
      answerable: isAnswerable(question),
      goldCount: gold.size,
      found: all.map((recollection) => ({
        score: recollection.score,
        parts: recollection.explain.parts,
        gold: isGold(recollection)
      })),
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
