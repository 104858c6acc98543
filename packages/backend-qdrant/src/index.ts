export { QdrantStore } from "./QdrantStore.ts"
export type {
  ClientOptions,
  CollectionSettings,
  QdrantOptions,
  ServerOptions,
  WireOptions
} from "./options.ts"
