/** Names that moved to `@keepsake/core/driver`. They leave this entry in the next release. */
export {
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type Anchor,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type AroundRequest,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type AroundRow,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  checkedStore,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  checkVectors,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  closeAt,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  describeFingerprint,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  didYouMean,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  documentTerms,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  filesScope,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  fingerprintMismatch,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  idf,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  invalidInput,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  isCurrent,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  isExpired,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  isUuid,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  isVisible,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type LatestRequest,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type ListRequest,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  matches,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type MemoryChange,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  memoryFromStatement,
  /** @deprecated It is `memoryFromStatement` of `@keepsake/core/driver`. */
  memoryFromStatement as statedMemory,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  memoryIdOfKey,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  memoryIdOfText,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  nearest,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type Page,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type PutOutcome,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type PutResult,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  queryTerms,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type Removal,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type RemoveTarget,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  restate,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type Restated,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  sameFingerprint,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  sameScope,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  SCOPE_PART_MAX,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  scopeKey,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type SearchHit,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type SearchRequest,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type SearchResult,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  spanned,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type StagedRow,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  STORE_LIMITS,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type StoreRow,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type Superseded,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type SupersedeRequest,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  termId,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type Terms,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  type TermSettings,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  tokenise,
  /** @deprecated Import it from `@keepsake/core/driver`. */
  TOKENISER
} from "./driver.ts"
