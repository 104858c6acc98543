/** The laws, without a test runner. */
export type { BrokenStore } from "./broken/BrokenStore.ts"
export * from "./brokenStores.ts"
export * from "./check.ts"
export * from "./Law.ts"
export * from "./laws.ts"
export * from "./manifest.ts"
export * from "./model/find.ts"
export * from "./model/program.ts"
export * from "./random.ts"
export * from "./rows.ts"
export * from "./runLaws.ts"
export * from "./settings.ts"

// Earlier names, for one release.
export {
  /** @deprecated It is `toContents`. */
  toContents as contentsOf,
  /** @deprecated It is `toIds`. */
  toIds as idsOf
} from "./check.ts"
/** @deprecated It is `makePlace`. */
export { makePlace as placeOf } from "./Law.ts"
/** @deprecated It is `toVector`. */
export { toVector as vectorOf } from "./rows.ts"
