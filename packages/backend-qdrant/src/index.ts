export { type Promotion, QdrantAdmin } from "./admin/QdrantAdmin.ts"
export { QdrantStore } from "./QdrantStore.ts"
export type {
  ClientOptions,
  CollectionSettings,
  MemorySettings,
  QdrantOptions,
  ServerOptions,
  WireOptions
} from "./options.ts"
