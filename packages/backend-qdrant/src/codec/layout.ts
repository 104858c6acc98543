import { between, type Conditions, mustNot } from "./filter.ts"

/** Version of the points' layout, stored in the collection's metadata and in each point. */
export const LAYOUT = 2

/** Points of an older layout, and points of a staged collection that have no memory yet. */
export const unmoved: Conditions = mustNot(between("layout", { gte: LAYOUT }))
