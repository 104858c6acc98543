/** A day in milliseconds: lifetimes are counted in days. */
export const DAY_MS = 86_400_000
