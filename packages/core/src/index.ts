/** For applications. A package that extends Keepsake imports `@keepsake/core/driver`. */

// Whose memory, and what a memory is.
export { Scope } from "./memory/Scope.ts"
export * from "./memory/Memory.ts"
export type { Filter } from "./memory/Filter.ts"
export * from "./memory/MemoryError.ts"
export { type Statement, STATEMENT_LIMITS } from "./input/Statement.ts"

// The memory itself: Effect's service, and its Promise twin.
export * from "./client/AgentMemory.ts"
export * from "./client/ScopedMemory.ts"
export * from "./client/promiseClient.ts"
export type { Promised } from "./client/promised.ts"
export type { PromiseMemory } from "./client/PromisedMemory.ts"
export type { Imported, Remembered, Supersession } from "./write/results.ts"
export type { Receipt, UserReceipt } from "./forget/receipt.ts"
export { turnKey } from "./write/exchange.ts"

// Recall and the block for a model.
export {
  DEFAULT_THRESHOLD,
  type Ranked,
  RECALL_LIMIT_MAX,
  type RecallOptions,
  type RecallRequest,
  type Recollection,
  type Retriever
} from "./recall/Retriever.ts"
export type { Explanation } from "./recall/Scorer.ts"
export { type ContextOptions, DEFAULT_CONTEXT_BUDGET, type MemoryContext } from "./context/buildContext.ts"
export {
  type ContextItem,
  type ContextPart,
  fourCharactersPerToken,
  type TokenEstimator
} from "./context/renderContext.ts"

// Embedders.
export {
  Embedder,
  type EmbedderOptions,
  type EmbedderProvider,
  type EmbedPurpose
} from "./embedding/Embedder.ts"
export { type Calibration, type EmbeddingSpace, type Fingerprint } from "./memory/Fingerprint.ts"

// Stores.
export { fingerprint, StoreFingerprint } from "./store/StoreFingerprint.ts"
export { type Cursor, type Erasure, MemoryStore } from "./store/MemoryStore.ts"
export { type ScopeCount, StoreAdmin } from "./store/StoreAdmin.ts"
export { type InMemoryData, inMemoryData } from "./store/inMemory/inMemoryData.ts"
export { InMemoryStore } from "./store/inMemory/InMemoryStore.ts"

export * from "./deprecated.ts"
