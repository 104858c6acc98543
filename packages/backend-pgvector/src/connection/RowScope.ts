import type { Scope } from "@keepsake/core/driver"

/** The scope of a statement: row-level security hides the rows of all others. */
export type RowScope = Scope | "all"
