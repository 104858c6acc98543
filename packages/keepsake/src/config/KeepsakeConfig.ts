import type {
  BeforeWrite,
  EmbedderProvider,
  MemoryError,
  MemoryStore,
  StoreAdmin,
  StoreFingerprint,
  LimitsOptions,
  QueueOptions,
  RerankerProvider,
  WhenEmbedderFails
} from "@keepsake/core"
import type * as Layer from "effect/Layer"
import type { EmbedderConfig } from "./EmbedderConfig.ts"
import type { RerankerConfig } from "./RerankerConfig.ts"
import type { StoreConfig } from "./StoreConfig.ts"

/** A store of your own, such as `PgVectorStore.layer({ pool })`. */
export type StoreLayer = Layer.Layer<MemoryStore | StoreAdmin, MemoryError, StoreFingerprint>

/** What `openMemory` takes. Except for layers, providers and functions it has a JSON form, which `keepsake.json` holds. */
export interface KeepsakeConfig {
  /**
   * Where memories are stored: a URL (`file:./memory.db`, `memory:`, `postgres://…`, `qdrant+http://…`), an
   * object with the backend's options, or a layer of a store of your own.
   */
  readonly store: string | StoreConfig | StoreLayer
  /**
   * How texts become vectors: `"openai:text-embedding-3-small"`, `"ollama:nomic-embed-text"`,
   * `"transformers:Xenova/all-MiniLM-L6-v2"`, `"static:FOLDER"`, …, an object with the provider's options, or a
   * provider (`fromAiSdk(model)`). `"none"`: recall by keyword search alone. Absent: the built-in table `"static"`, or
   * keyword search where the store was filled by that.
   */
  readonly embedder?: string | EmbedderConfig | EmbedderProvider | PromiseLike<EmbedderProvider> | undefined
  /**
   * A model that reads the question with each of the best candidates: `"cohere:rerank-v3.5"`, `"voyage:rerank-2.5"`,
   * `"tei:http://localhost:8080"`, `"transformers:Xenova/ms-marco-MiniLM-L-6-v2"`, an object with the provider's
   * options, or a provider. Absent or `"none"`: no reranker. Where it fails or takes too long, answers do without it.
   */
  readonly reranker?: string | RerankerConfig | RerankerProvider | undefined
  /**
   * Sees everything before it is kept, and changes, refuses or drops it:
   * `(candidate) => ({ ...candidate, content: redactSecrets(candidate.content) })`.
   */
  readonly beforeWrite?: BeforeWrite | undefined
  /** Longest that `beforeWrite` may take; 5,000 when absent. The write is refused then. */
  readonly beforeWriteTimeoutMs?: number | undefined
  /** Where the users are, as a name of the IANA database such as `"America/Los_Angeles"`; `"UTC"` when absent. */
  readonly timeZone?: string | undefined
  /**
   * Longest that a call may take, in milliseconds; 30,000 when absent. It fails with `Timeout` then. `rememberMany`,
   * `import` and `export` have it for each batch.
   */
  readonly deadlineMs?: number | undefined
  /**
   * What becomes of a call when the embedder fails. `"words"`, when absent: a memory is kept and found by its words, and
   * its vector is filled in later; an answer says what it lacks. `"refuse"`: the call fails with `EmbedderFailed`.
   */
  readonly whenEmbedderFails?: WhenEmbedderFails | undefined
  /**
   * What each scope may hold: `{ memories: 10_000, bytes: 50_000_000, whenFull: "dropOldest" }`; no limits when absent. A
   * write that does not fit fails with `LimitReached`, unless the oldest memories make room.
   */
  readonly limits?: LimitsOptions | undefined
  /**
   * Most calls at once: `{ running: 256, waiting: 4_096 }` when absent. Users are served in turn; what finds no room to
   * wait fails with `Overloaded` at once.
   */
  readonly queue?: QueueOptions | undefined
  /** Gets warnings for the operator, such as a failed purge; standard error when absent. */
  readonly onWarning?: ((message: string, cause?: unknown) => void) | undefined
}
