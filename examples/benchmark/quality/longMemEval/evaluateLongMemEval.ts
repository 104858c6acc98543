import type { MemoryClient, PromiseMemory } from "@keepsake/keepsake"
import { withMemory } from "../opened.ts"
import type { Backend } from "../Settings.ts"
import { findEvidence, nameTurn, toSessions } from "./haystack.ts"
import { type Instance, readInstances } from "./readInstances.ts"

export interface LongMemEvalSettings {
  readonly file: string
  readonly backend: Backend
  /** All conversations in one scope, instead of a scope a question. */
  readonly isPooled: boolean
}

/** How much of the evidence for a question is among the first of a list. */
export interface Ranking {
  /** Places of the evidence in the list, from 0. */
  readonly places: ReadonlyArray<number>
  /** How many there are to find. */
  readonly evidence: number
}

export interface LongMemEvalOutcome {
  readonly type: string
  readonly sessions: Ranking
  /** `null` where the file marks no turn. */
  readonly turns: Ranking | null
}

export interface LongMemEvalResult {
  readonly outcomes: ReadonlyArray<LongMemEvalOutcome>
  /** Questions without an answer: they have no evidence to find. */
  readonly abstentions: number
}

const agentId = "bench-longmemeval"
const BATCH = 256
const LIMIT = 100

/** Questions whose name ends so have no answer. */
const ABSTENTION = "_abs"

const remember = async (scope: PromiseMemory, instance: Instance, remembered: Set<string>): Promise<void> => {
  const statements = toSessions(instance).flatMap(({ session, statements: said }) => {
    if (remembered.has(session)) return []
    remembered.add(session)
    return said
  })
  for (let at = 0; at < statements.length; at += BATCH)
    await scope.rememberMany(statements.slice(at, at + BATCH))
}

const rank = (names: ReadonlyArray<string>, evidence: ReadonlySet<string>): Ranking => ({
  places: [...names.entries()].flatMap(([place, name]) => (evidence.has(name) ? [place] : [])),
  evidence: evidence.size
})

const ask = async (scope: PromiseMemory, instance: Instance): Promise<LongMemEvalOutcome> => {
  const recalled = await scope.recall(instance.question, { limit: LIMIT, minScore: 0 })
  const [lack] = recalled.degraded ?? []
  if (lack !== undefined) throw new Error(`${instance.question_id}: ${lack.message}`)
  const evidence = findEvidence(instance)
  const sessions = recalled.map(({ memory }) => memory.sessionId ?? "")
  const turns = recalled.map(({ memory }) => nameTurn(memory.sessionId ?? "", memory.turn ?? 0))
  return {
    type: instance.question_type,
    sessions: rank([...new Set(sessions)], evidence.sessions),
    turns: evidence.turns.size === 0 ? null : rank(turns, evidence.turns)
  }
}

const evaluateIn = async (
  memory: MemoryClient,
  { file, isPooled }: LongMemEvalSettings
): Promise<LongMemEvalResult> => {
  const openScope = (userId: string) => memory.for({ agentId, userId })
  if (isPooled) {
    const remembered = new Set<string>()
    for await (const instance of readInstances(file)) await remember(openScope("all"), instance, remembered)
  }
  const outcomes: Array<LongMemEvalOutcome> = []
  let abstentions = 0
  for await (const instance of readInstances(file)) {
    if (instance.question_id.endsWith(ABSTENTION)) {
      abstentions += 1
      continue
    }
    const scope = openScope(isPooled ? "all" : instance.question_id)
    if (!isPooled) await remember(scope, instance, new Set())
    outcomes.push(await ask(scope, instance))
    if (!isPooled) await scope.forgetAll()
  }
  return { outcomes, abstentions }
}

/** Remembers every turn as a memory of its own and asks each question that has an answer. */
export const evaluateLongMemEval = async (
  settings: LongMemEvalSettings,
  embedder: string | null
): Promise<LongMemEvalResult> =>
  withMemory(settings.backend, embedder, async (memory) => evaluateIn(memory, settings))
