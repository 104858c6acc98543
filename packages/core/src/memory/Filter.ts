import { allOf, type Comparison, type Condition, isIn, not } from "./Condition.ts"
import type { JsonScalar, MemorySource, MemoryType } from "./Memory.ts"

/**
 * The older form of a filter; `Where` says more. Absent fields do not restrict, present fields are all required,
 * an empty list matches nothing.
 */
export interface Filter {
  readonly types?: ReadonlyArray<MemoryType> | undefined
  readonly sources?: ReadonlyArray<MemorySource> | undefined
  readonly speakers?: ReadonlyArray<string> | undefined
  readonly sessionId?: string | undefined
  /** Leaves a session out: what is still in the model's own history need not be recalled. */
  readonly exceptSessionId?: string | undefined
  readonly pinned?: boolean | undefined
  /** Epoch milliseconds, inclusive. */
  readonly saidFrom?: number | undefined
  /** Epoch milliseconds, exclusive. */
  readonly saidTo?: number | undefined
  /** Equality on top-level scalars of the metadata; a key that is absent is equal to nothing, not even `null`. */
  readonly metadata?: { readonly [key: string]: JsonScalar } | undefined
}

/** The condition that a filter of the older form asks for. */
export const toCondition = (filter: Filter): Condition => {
  const { exceptSessionId, metadata, pinned, saidFrom, saidTo, sessionId, sources, speakers, types } = filter
  const said = (comparison: Comparison, value: number): Condition => ({
    _tag: "Compare",
    target: { field: "saidAt" },
    comparison,
    value
  })
  return allOf([
    ...(types === undefined ? [] : [isIn({ field: "type" }, types)]),
    ...(sources === undefined ? [] : [isIn({ field: "source" }, sources)]),
    ...(speakers === undefined ? [] : [isIn({ field: "speaker" }, speakers)]),
    ...(sessionId === undefined ? [] : [isIn({ field: "sessionId" }, [sessionId])]),
    ...(exceptSessionId === undefined ? [] : [not(isIn({ field: "sessionId" }, [exceptSessionId]))]),
    ...(pinned === undefined ? [] : [isIn({ field: "pinned" }, [pinned])]),
    ...(saidFrom === undefined ? [] : [said("gte", saidFrom)]),
    ...(saidTo === undefined ? [] : [said("lt", saidTo)]),
    ...Object.entries(metadata ?? {}).map(([key, value]) => isIn({ path: [key] }, [value]))
  ])
}
