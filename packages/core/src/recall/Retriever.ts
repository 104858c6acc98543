import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Condition } from "../memory/Condition.ts"
import type { DegradableList } from "../memory/Degraded.ts"
import type { Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import type { Scope } from "../memory/Scope.ts"
import type { Explanation } from "./Scorer.ts"

/** The part of a long text that answers, half-open in UTF-16 code units. */
export interface RecalledPassage {
  readonly start: number
  readonly end: number
  readonly text: string
  /** How many passages the text has. */
  readonly passages: number
}

/**
 * What the step after scoring found of a memory among the others. It changes no score: it puts a memory behind those
 * that say it otherwise later, and an exception behind its rule, and folds near-copies into one.
 */
export interface Standing {
  /** Ids of later memories that speak of the same thing and say it otherwise, the latest first; up to three. */
  readonly followedBy?: ReadonlyArray<string> | undefined
  /** Ids of near-identical memories that are folded into this one, best first. */
  readonly copies?: ReadonlyArray<string> | undefined
  /** Its place by score alone, counted from 0, where that is another. */
  readonly order?: number | undefined
}

/** A memory that answers a query, and how well. */
export interface Recollection {
  readonly memory: Memory
  /** 0 to 1: about the share of such memories that answer such a query. Decides the cut, and the order but for `Standing`. */
  readonly score: number
  readonly explain: Explanation & Standing
  /** The embedder's own cosine of query and memory; `null` when recall is by keyword alone. */
  readonly similarity: number | null
  /** The passage of a long text that answers; absent where the text is one passage. */
  readonly passage?: RecalledPassage | undefined
}

/**
 * A memory, its score and its standing, without an explanation. Of a memory with a `passage`, `content` may be that passage alone,
 * and metadata longer than 4,096 characters may be missing: `get` has the whole.
 */
export interface Ranked extends Pick<Recollection, "memory" | "score" | "passage"> {
  readonly standing?: Standing | undefined
}

/** A query in a scope at a moment. Its values are checked. */
export interface RecallRequest {
  readonly scope: Scope
  readonly now: number
  readonly query: string
  readonly filter: Condition
  /** How many memories, 1 to 100. */
  readonly limit: number
  /** Least score, 0 to 1; the retriever's own when absent. */
  readonly minScore?: number | undefined
  /** Recalls what was so then, in epoch milliseconds. */
  readonly asOf?: number | undefined
  /** Whose days the query means, as a name of the IANA database; UTC when absent. */
  readonly timeZone?: string | undefined
}

/**
 * Query to scored memories, best first, and what is so now before what was so. `AgentMemory` uses the one in its context, and `makeRetriever`
 * without one.
 */
export class Retriever extends Context.Service<
  Retriever,
  {
    /** Its list says what it lacks, such as meaning when the embedder failed. */
    recall(request: RecallRequest): Effect.Effect<DegradableList<Recollection>, MemoryError>
    /** Like `recall`, without explanations. */
    rank(request: RecallRequest): Effect.Effect<DegradableList<Ranked>, MemoryError>
    /** Drops what is cached of a scope's texts. Called after its memories are removed. */
    forget(scope: Scope): void
    /** The same for every scope of a user. */
    forgetUser(userId: string): void
  }
>()("@keepsake/core/Retriever") {}
