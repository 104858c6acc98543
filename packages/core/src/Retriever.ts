import type { Filter } from "./Filter.ts"
import type { Memory } from "./Memory.ts"

/** A feature's share of the score, in logits: the parts add up to `logit`, and `score` is `1/(1 + e^−logit)`. */
export interface Explanation {
  readonly logit: number
  readonly parts: { readonly [feature: string]: number }
}

export interface Recollection {
  readonly memory: Memory
  /** 0 to 1: about the share of such memories that answer such a query. Decides order and cut. */
  readonly score: number
  readonly explain: Explanation
}

export interface RecallOptions extends Filter {
  /** How many at the most; 1 to 100, 10 when absent. */
  readonly limit?: number | undefined
  /** Least score, 0 to 1. */
  readonly threshold?: number | undefined
  /** Recall what was so then, in epoch milliseconds. */
  readonly asOf?: number | undefined
}
