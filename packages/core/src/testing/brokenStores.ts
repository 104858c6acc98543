import type { BrokenStore } from "./broken/BrokenStore.ts"
import { brokenIds } from "./broken/ids.ts"
import { brokenReadings } from "./broken/reading.ts"
import { brokenSearches } from "./broken/searching.ts"
import { brokenWritings } from "./broken/writing.ts"

/** Stores with one fault each, seen in the field or close to it, and the laws that reject them. */
export const brokenStores: ReadonlyArray<BrokenStore> = [
  ...brokenSearches,
  ...brokenReadings,
  ...brokenWritings,
  ...brokenIds
]
