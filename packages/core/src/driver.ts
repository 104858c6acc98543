/**
 * For packages that extend Keepsake: backends first, embedders, agents and front doors too. An application
 * imports `@keepsake/core`. Names here may change in a minor version.
 */

// The contract of a store, and what refuses a call before a driver sees it.
export * from "./store/MemoryStore.ts"
export * from "./store/StoreAdmin.ts"
export * from "./store/StoreRow.ts"
export * from "./store/searching.ts"
export * from "./store/removal.ts"
export * from "./store/limits.ts"
export { type PassagePlace, toExcerpt, toFacts } from "./store/excerpts.ts"
export * from "./store/sessions.ts"
export { canServe, fingerprint, hasOldTerms, StoreFingerprint } from "./store/StoreFingerprint.ts"
export { checkedAdmin } from "./store/checkedAdmin.ts"
export { checkedStore, type StoreChecks } from "./store/checkedStore.ts"
export * from "./store/storeErrors.ts"
export {
  countByText,
  cutPage,
  dropsEntry,
  newEntries,
  newestSession,
  pageEntries,
  pageRows,
  pageSessions,
  pageSummaries,
  selectEntries,
  toEntryKey,
  toSessionCursor
} from "./store/lists/pages.ts"
export { latestExcerpts, readExcerpts, rowsAround, searchRows } from "./store/lists/search.ts"
export { makeRoom, type Room, sumUsage, type Written } from "./store/lists/limits.ts"
export { checkVectors } from "./store/vectors.ts"

// The oracle: a driver's tests compare with it.
export { type InMemoryData, inMemoryData } from "./store/inMemory/inMemoryData.ts"
export { InMemoryStore } from "./store/inMemory/InMemoryStore.ts"

// Memories, and the rules by which they change, expire and match.
export * from "./memory/Memory.ts"
export * from "./memory/MemoryError.ts"
export { reason } from "./memory/reason.ts"
export {
  filesScope,
  formatOrigin,
  isScope,
  sameScope,
  type Scope,
  SCOPE_PART_MAX,
  scopeBeside,
  scopeKey
} from "./memory/Scope.ts"
export { formerIdOfText, formerIdsOfText, isUuid, memoryIdOfKey, memoryIdOfText } from "./memory/MemoryId.ts"
export { IMPORTED_TURN_MAX, toImportedId } from "./memory/importedId.ts"
export { DAY_MS } from "./memory/duration.ts"
export { formatDayIn } from "./text/time/formatDay.ts"
export { isTimeZone } from "./text/time/TimeZone.ts"
export {
  closeAt,
  isCurrent,
  isExpired,
  isVisible,
  type Restatable,
  restate,
  type Restated
} from "./memory/lifetime.ts"
export {
  allOf,
  ANY,
  anyOf,
  type Comparison,
  type Condition,
  CONDITION_FIELDS,
  type ConditionField,
  isAny,
  isIn,
  isNone,
  matches,
  NONE,
  not,
  type Target
} from "./memory/Condition.ts"
export { toCondition, type Filter } from "./memory/Filter.ts"
export {
  type Calibration,
  describeFingerprint,
  type EmbeddingSpace,
  type Fingerprint,
  REFERENCE_CALIBRATION,
  sameFingerprint,
  withCalibration
} from "./memory/Fingerprint.ts"

// Terms.
export {
  countFromWeight,
  documentTerms,
  idf,
  queryTerms,
  type Terms,
  type TermSettings
} from "./text/bm25.ts"
export { termId } from "./text/terms/termId.ts"
export { TOKENISER } from "./text/terms/tokenisers.ts"
export { tokenise } from "./text/tokenise.ts"
export { escapeHiddenJson, stripHidden, toVisibleJson } from "./text/hiddenCharacters.ts"
export { compareTexts } from "./text/compareTexts.ts"
export { estimateTokens, fourCharactersPerToken, type TokenEstimator } from "./text/estimateTokens.ts"

// What callers hand in.
/** Reads objects from outside by a table of their fields. */
export * as fields from "./input/fields.ts"
export { readContextOptions } from "./input/options.ts"
export { memoryFromStatement, type Statement, STATEMENT_LIMITS } from "./input/Statement.ts"
export { readMemory } from "./input/memory.ts"
export { addWhere } from "./input/where.ts"
export { readScope } from "./input/scope.ts"
export { readTime, type TimeInput } from "./input/time.ts"
export { didYouMean, nearest } from "./input/suggest.ts"

// Whether a clock may be believed.
export { findNewest } from "./forget/findNewest.ts"
export { CLOCK_DOUBT_MS } from "./forget/purge.ts"

// Embedders.
export { measureEmbedder } from "./embedding/measureEmbedder.ts"
export { encodePassages, type MissingVectors } from "./embedding/encodePassages.ts"
export { findOtherModel } from "./embedding/findOtherModel.ts"
export { payOwed } from "./embedding/payOwed.ts"
export { embedderFailed, rerankerFailed } from "./embedding/providerFailed.ts"
export { Embedder, type EmbedderProvider, type EmbedPurpose } from "./embedding/Embedder.ts"

// Rerankers.
export { OF_LOGITS } from "./recall/rerank/combine.ts"
export { Reranker, type RerankerProvider, type RerankRequest } from "./recall/rerank/Reranker.ts"

// Binary search.
export { firstIndex, lowerBound } from "./binarySearch.ts"

// The event loop, locks, files, tracing, warnings, and failures of services.
export { Deadline, readTimeLeft, withinDeadline } from "./runtime/deadline.ts"
export { sleepInBackground } from "./runtime/background.ts"
export {
  breathe,
  nextSlice,
  PART_MS,
  SLICE_MS,
  workWhenFresh,
  yieldToEventLoop
} from "./runtime/timeSlice.ts"
export { KeyedLocks } from "./runtime/KeyedLocks.ts"
export {
  createPrivateFile,
  isBeingWritten,
  makePrivateFolder,
  replacePrivateFile
} from "./runtime/privateFiles.ts"
export { spanned } from "./runtime/spans.ts"
export { warn } from "./runtime/warn.ts"
export { parseRetryAfter } from "./runtime/retryAfter.ts"
export { wasRetryable } from "./runtime/wasRetryable.ts"
