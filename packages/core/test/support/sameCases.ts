/** For `it.prop`: the same cases in every run, so that a run fails for its code alone. */
export const SAME_CASES = { arbitrary: { seed: 20_261_128 } } as const
