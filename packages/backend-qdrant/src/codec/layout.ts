import { between, type Conditions, must, mustNot } from "./filter.ts"

/** Version of the points' layout, stored in the collection's metadata and in each point. */
export const LAYOUT = 2

const MOVED = between("layout", { gte: LAYOUT })

/** Points with the entries of this layout. */
export const moved: Conditions = must(MOVED)

/** Points of an older layout, and points of a staged collection that have no memory yet. */
export const unmoved: Conditions = mustNot(MOVED)
