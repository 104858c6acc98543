/** For applications. A package that extends Keepsake imports `@keepsake/core/driver`. */

// Whose memory, and what a memory is.
export type { Scope } from "./memory/Scope.ts"
export * from "./memory/Memory.ts"
export type { Filter } from "./memory/Filter.ts"
export type { MetadataTest, Moment, Where } from "./memory/Where.ts"
export * from "./memory/MemoryError.ts"
export type { DegradableList, Degraded } from "./memory/Degraded.ts"
export { type Statement, STATEMENT_LIMITS } from "./input/Statement.ts"
export type { FilterInput } from "./input/filter.ts"
export type { DropEntriesOptions, EntriesOptions, EntryInput, SessionsOptions } from "./input/entries.ts"
export {
  type ContextOptions,
  type ContextPart,
  type CountOptions,
  type Exchange,
  type ForgetOptions,
  type ImportOptions,
  type ListOptions,
  type MemoryUpdate,
  RECALL_LIMIT_MAX,
  type RecallOptions,
  type WriteOptions
} from "./input/options.ts"
export { READS_MAX, type ScopeOptions } from "./input/scope.ts"
export type { TimeInput } from "./input/time.ts"

// The memory itself: Effect's service, and its Promise twin.
export * from "./client/AgentMemory.ts"
export * from "./client/ScopedMemory.ts"
export * from "./client/promiseClient.ts"
export type { Promised } from "./client/promised.ts"
export type { PromiseMemory } from "./client/PromisedMemory.ts"
export type { Appended, Dropped, Imported, Remembered, Stored, Supersession } from "./write/results.ts"
export type { BeforeWrite, BeforeWriteResult, WriteCandidate, WriteDoor } from "./write/beforeWrite.ts"
export { redactSecrets, redactSecretsIn } from "./text/secrets/redactSecrets.ts"
export type { Receipt, UserReceipt } from "./forget/receipt.ts"
export { turnKey } from "./memory/MemoryId.ts"

// Recall and the block for a model.
export {
  type Ranked,
  type RecallRequest,
  type Recollection,
  Retriever,
  type Standing
} from "./recall/Retriever.ts"
export { DEFAULT_THRESHOLD, makeRetriever, type WhenEmbedderFails } from "./recall/makeRetriever.ts"
export type { Explanation } from "./recall/Scorer.ts"
export { DEFAULT_CONTEXT_BUDGET, type MemoryContext } from "./context/buildContext.ts"
export type { ContextItem } from "./context/renderContext.ts"
export { estimateTokens, fourCharactersPerToken, type TokenEstimator } from "./text/estimateTokens.ts"

// Embedders.
export {
  Embedder,
  type EmbedderOptions,
  type EmbedderProvider,
  type EmbedPurpose
} from "./embedding/Embedder.ts"
export { type Calibration, type EmbeddingSpace, type Fingerprint } from "./memory/Fingerprint.ts"

// Rerankers.
export type { RerankCalibration } from "./recall/rerank/combine.ts"
export { Reranker, type RerankerProvider, type RerankRequest } from "./recall/rerank/Reranker.ts"

// Stores.
export { fingerprint, StoreFingerprint } from "./store/StoreFingerprint.ts"
export { type Cursor, MemoryStore } from "./store/MemoryStore.ts"
export type { ErasedBytes, ErasedPlace, Erasure } from "./store/removal.ts"
export type { ScopeLimits, ScopeUsage } from "./store/limits.ts"
export type { Entry, SessionCursor, SessionPage, SessionSummary } from "./store/sessions.ts"
export {
  type CacheUse,
  type ScopeCount,
  StoreAdmin,
  type StoreMode,
  type StoreOptions
} from "./store/StoreAdmin.ts"
export { type InMemoryData, inMemoryData } from "./store/inMemory/inMemoryData.ts"
export { InMemoryStore } from "./store/inMemory/InMemoryStore.ts"

export * from "./deprecated.ts"
