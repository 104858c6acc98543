import type { BrokenStore } from "./broken/BrokenStore.ts"
import { brokenIds } from "./broken/ids.ts"
import { brokenConditions } from "./broken/conditions.ts"
import { brokenKeepings } from "./broken/keeping.ts"
import { brokenPassages } from "./broken/passages.ts"
import { brokenReadings } from "./broken/reading.ts"
import { brokenSearches } from "./broken/searching.ts"
import { brokenSessions } from "./broken/sessions.ts"
import { brokenWritings } from "./broken/writing.ts"

/** Stores with one fault each, seen in the field or close to it, and the laws that reject them. */
export const brokenStores: ReadonlyArray<BrokenStore> = [
  ...brokenSearches,
  ...brokenReadings,
  ...brokenConditions,
  ...brokenSessions,
  ...brokenWritings,
  ...brokenIds,
  ...brokenPassages,
  ...brokenKeepings
]
