import type { Calibrating } from "../embedding/Calibrator.ts"
import type { Embedder } from "../embedding/Embedder.ts"
import type { AccessCounter } from "../recall/AccessCounter.ts"
import type { WhenEmbedderFails } from "../recall/makeRetriever.ts"
import type { Retriever } from "../recall/Retriever.ts"
import type { CallQueue } from "../runtime/CallQueue.ts"
import type { KeyedLocks } from "../runtime/KeyedLocks.ts"
import type { ScopeLimits } from "../store/limits.ts"
import type { MemoryStore } from "../store/MemoryStore.ts"
import type { StoreAdmin } from "../store/StoreAdmin.ts"
import type { WriteGate } from "./beforeWrite.ts"
import type { WriteFences } from "./WriteFences.ts"

/** Everything that the verbs use; one set per `AgentMemory`, shared by all scopes. */
export interface MemoryServices {
  readonly store: MemoryStore["Service"]
  readonly admin: StoreAdmin["Service"]
  /** `null` when recall is by keyword alone. */
  readonly embedder: Embedder["Service"] | null
  /** Whether a text is kept without a vector when the embedder fails, or refused. */
  readonly whenEmbedderFails: WhenEmbedderFails
  /** Measures the embedder where its store lacks a calibration. */
  readonly calibrating: Calibrating
  /** Tells the background that rows are owed vectors. */
  readonly noteOwed: () => void
  /** The calls under way, of all scopes. */
  readonly calls: CallQueue
  /** How long a call may take; where it works through many rows, each batch. */
  readonly deadlineMs: number
  /** What each scope may hold; `undefined` without limits. */
  readonly limits: ScopeLimits | undefined
  readonly retriever: Retriever["Service"]
  /** `null` when the store keeps no access counts. */
  readonly accesses: AccessCounter | null
  readonly fences: WriteFences
  /** Of handles that name none, as a name of the IANA database. */
  readonly timeZone: string
  /** `null` without a hook. */
  readonly gate: WriteGate | null
  /** One lock per session whose turns are assigned. */
  readonly sessions: KeyedLocks
}
