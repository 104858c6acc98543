/** Searches: what is asked, and the evidence that comes back. Texts are read apart, as excerpts. */
import type { Condition } from "../memory/Condition.ts"
import type { Memory } from "../memory/Memory.ts"
import type { Scope } from "../memory/Scope.ts"

/** A question, or one part of a long message: by vector, by terms, by both, or by neither. */
export interface QueryPart {
  /** Unit length. Absent: no vector channel. */
  readonly vector?: Float32Array | undefined
  /** Distinct term ids, up to `STORE_LIMITS.queryTerms`. Absent: no lexical channel. */
  readonly terms?: Uint32Array | undefined
}

/** A part whose terms' IDF is known from a search. */
export interface WeighedPart extends QueryPart {
  /** IDF of each of `terms`, in their order: the best passage by words is that of the greatest Σ idf·weight. */
  readonly idfs?: Float64Array | undefined
}

/** Up to `STORE_LIMITS.parts` parts, in one search. */
export interface SearchRequest {
  readonly scope: Scope
  /** Epoch milliseconds; decides expiry. A server's clock never does. */
  readonly now: number
  /** Return rows that held then instead of current ones; rows expired at `now` never. */
  readonly asOf?: number | undefined
  readonly parts: ReadonlyArray<QueryPart>
  readonly filter: Condition
  /** Memories wanted from each channel of each part; 1 to `STORE_LIMITS.rows`. */
  readonly limit: number
  /** `true` forbids approximate plans. */
  readonly exact?: boolean | undefined
}

/** What a score reads of a row; its text and its metadata stay behind. */
export type RowFacts = Pick<
  Memory,
  "id" | "type" | "source" | "speaker" | "sessionId" | "turn" | "saidAt" | "importance" | "pinned"
>

/** What a row holds of one part, by its passages. */
export interface PartEvidence {
  /** The greatest cosine of the part's vector with a passage's; `null` if the part or every passage has none. */
  readonly cosine: number | null
  /** The passage of that cosine, counted from 0; 0 without one. Ties: the first. */
  readonly nearest: number
  /**
   * The passage of the greatest Σ idf·weight over the part's terms, counted from 0; `nearest` where no passage holds a
   * term. Ties: the first.
   */
  readonly worded: number
  /** The stored weight of each of the part's terms in `worded`, in their order; 0 where it has none. */
  readonly weights: Float32Array
  /** `Terms.length` and `Terms.norm` of `worded`. */
  readonly length: number
  readonly norm: number
}

/** A row that answers, once, with what it holds of each part, in their order. */
export interface SearchHit {
  readonly facts: RowFacts
  readonly parts: ReadonlyArray<PartEvidence>
}

/** Hits, and the counts that IDF needs. */
export interface SearchResult {
  /**
   * For each part, the union of the best `limit` rows by cosine and the best `limit` by BM25 (Σ idf·weight above 0 of
   * their best passage), in any order. The evidence for *every* part is exact. Near-ties at a channel's end may go
   * either way.
   */
  readonly hits: ReadonlyArray<SearchHit>
  /** Passages of the scope's current rows, expired rows included until they are purged; the filter is ignored. */
  readonly n: number
  /** For each part, of the passages counted by `n`, how many contain each term, in the order of `terms`. */
  readonly df: ReadonlyArray<ReadonlyArray<number>>
  readonly plan: SearchPlan
  /** Rows of the scope that the store found to be damaged, and left out; absent without. */
  readonly damaged?: number | undefined
}

/** How a search was answered. */
export interface SearchPlan {
  /** How the nearest rows were found: by comparing all, through a graph, or through the indexes of a tuned scope. `exact` without a vector. */
  readonly way: "exact" | "graph" | "tuned"
  /** Current rows of which a passage has no vector in a store that has an embedder: words alone find it. */
  readonly byWordsAlone: number
}

/** A turn of a conversation. */
export interface Anchor {
  readonly sessionId: string
  readonly turn: number
}

/** Turns near anchors. */
export interface AroundRequest {
  readonly scope: Scope
  readonly now: number
  readonly asOf?: number | undefined
  readonly anchors: ReadonlyArray<Anchor>
  /** Turns to either side; 1 to `STORE_LIMITS.radius`. */
  readonly radius: number
  readonly parts: ReadonlyArray<WeighedPart>
  /** Decides `passes`; rows that fail it come too. */
  readonly filter: Condition
}

/** A row near an anchor. */
export interface AroundRow extends SearchHit {
  /** Whether the filter holds. */
  readonly passes: boolean
  /** Of the `worded` passage of the first part; of the first passage without a part. A store may make it when it is read. */
  readonly excerpt: Excerpt
}

/** A memory to read by passage. */
export interface ExcerptKey {
  readonly id: string
  /** Counted from 0; `null` for the passage that fits `part` best by words, else by meaning, else the first. */
  readonly passage: number | null
}

/** Texts of rows that were found, up to `STORE_LIMITS.batch`. */
export interface ExcerptsRequest {
  readonly scope: Scope
  readonly now: number
  readonly rows: ReadonlyArray<ExcerptKey>
  readonly part?: WeighedPart | undefined
  /** Whether `vector` comes too. False when absent. */
  readonly vectors?: boolean | undefined
}

/** A memory with one passage of its text. */
export interface Excerpt {
  /** `content` is the passage's text; `metadata` is `{}` where it is longer than `STORE_LIMITS.excerptMetadata`. */
  readonly memory: Memory
  /** Which passage, counted from 0, and of how many. */
  readonly passage: number
  readonly passages: number
  /** Where it stands in the text, half-open in UTF-16 code units. */
  readonly start: number
  readonly end: number
  /** Whether `memory` is the stored one: its whole text and its metadata. */
  readonly isWhole: boolean
  /** The passage's; `null` without one, or where the request does not ask. */
  readonly vector: Float32Array | null
}
