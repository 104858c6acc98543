export { QdrantAdmin } from "./admin/eraseBytes.ts"
export { QdrantStore } from "./QdrantStore.ts"
export type {
  ClientOptions,
  CollectionSettings,
  MemorySettings,
  QdrantOptions,
  ServerOptions,
  WireOptions
} from "./options.ts"
