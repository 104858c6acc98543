export { memoryLayer, openMemory } from "./openMemory.ts"
export type { KeepsakeConfig, StoreLayer } from "./config/KeepsakeConfig.ts"
export type {
  HnswConfig,
  InMemoryConfig,
  PgVectorConfig,
  QdrantConfig,
  StoreConfig
} from "./config/StoreConfig.ts"
export type {
  EmbedderConfig,
  LexicalConfig,
  PaceConfig,
  ServiceEmbedderConfig,
  StaticConfig,
  TransformersConfig
} from "./config/EmbedderConfig.ts"
export type { LocalRerankerConfig, RerankerConfig, ServiceRerankerConfig } from "./config/RerankerConfig.ts"
export { type AiSdkEmbeddingModel, type AiSdkOptions, fromAiSdk } from "./embedders/fromAiSdk.ts"
export { lexical, type LexicalOptions } from "./embedders/lexical.ts"
export { measureCalibration } from "./embedders/measureCalibration.ts"
export { openAiCompatible, type OpenAiCompatibleOptions } from "./embedders/openAiCompatible.ts"
export { ollama, openAi, type ServiceOptions, voyage } from "./embedders/services.ts"
export { type LocalEmbedder, transformers, type TransformersOptions } from "./embedders/transformers.ts"
// Types of core that a program names, so that it needs only this package.
export {
  type BeforeWrite,
  type BeforeWriteResult,
  type Calibration,
  type ContextOptions,
  type EmbedderProvider,
  type JsonScalar,
  type Memory,
  type MemoryClient,
  type MemoryContext,
  MemoryError,
  type MetadataTest,
  type PromiseMemory,
  type RecallOptions,
  type Receipt,
  type Recollection,
  redactSecrets,
  redactSecretsIn,
  type RerankCalibration,
  type RerankerProvider,
  type RerankRequest,
  type Statement,
  type UserReceipt,
  type Where,
  type WriteCandidate
} from "@keepsake/core"
