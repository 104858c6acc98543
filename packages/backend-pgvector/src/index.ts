export { PgVectorAdmin, type TuningResult } from "./admin/admin.ts"
export type { MeasuredErasure, Remains } from "./admin/eraseBytes.ts"
export type { WriteAheadLog } from "./admin/remains.ts"
export type {
  PGliteConnection,
  PgVectorOptions,
  PgVectorSettings,
  PoolConnection,
  UrlConnection
} from "./options.ts"
export { PgVectorStore } from "./PgVectorStore.ts"
export type { TuningProgress } from "./tuning/buildIndexes.ts"
