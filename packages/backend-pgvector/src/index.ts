export { PgVectorAdmin } from "./admin/admin.ts"
export type {
  PGliteConnection,
  PgVectorOptions,
  PgVectorSettings,
  PoolConnection,
  UrlConnection
} from "./options.ts"
export { PgVectorStore } from "./PgVectorStore.ts"
