/** Memories before and after the hook `beforeWrite`. */
import * as Effect from "effect/Effect"
import type { StatedMemory } from "../input/Statement.ts"
import type { JsonObject, Memory } from "../memory/Memory.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import { hasIdOfText, memoryIdOfText } from "../memory/MemoryId.ts"
import type { Scope } from "../memory/Scope.ts"
import { askBeforeWrite, type Verdict, type WriteCandidate, type WriteDoor } from "./beforeWrite.ts"
import type { MemoryServices } from "./MemoryServices.ts"
import type { Dropped, Remembered } from "./results.ts"

export const DROPPED: Dropped = { id: null, outcome: "dropped" }

export const toCandidate = (door: WriteDoor, scope: Scope, memory: Memory): WriteCandidate => ({
  door,
  scope,
  key: memory.key,
  sessionId: memory.sessionId,
  turn: memory.turn,
  source: memory.source,
  type: memory.type,
  entryKind: null,
  content: memory.content,
  speaker: memory.speaker,
  metadata: memory.metadata
})

/** A memory on its way into the store: stated, with the fields that were given, or imported. */
type Candidate = Memory & Partial<Pick<StatedMemory, "overwrites">>

/** Metadata that the hook added is given too. */
const withGivenMetadata = <M extends Candidate>(
  memory: M,
  { metadata }: { readonly metadata: JsonObject }
): M =>
  memory.overwrites === undefined ||
  memory.overwrites.includes("metadata") ||
  Object.keys(metadata).length === 0
    ? memory
    : { ...memory, overwrites: [...memory.overwrites, "metadata"] }

/** The memory as it is to be kept. An id made of the text is made again; one made of a key stays. */
const applyVerdict = <M extends Candidate>(memory: M, verdict: Verdict): M | null => {
  if (verdict === null) return null
  const given = withGivenMetadata(memory, verdict)
  const changed = { ...given, ...verdict, content: verdict.content.normalize("NFC") }
  const saysTheSame = changed.content === memory.content && changed.speaker === memory.speaker
  return saysTheSame || !hasIdOfText(memory)
    ? changed
    : { ...changed, id: memoryIdOfText(memory.scope, changed) }
}

/** The memories as they are to be kept in `scope`; `null` for one that is dropped. Without a hook, the same list. */
export const gateMemories = <M extends Candidate>(
  { gate }: MemoryServices,
  door: WriteDoor,
  scope: Scope,
  memories: ReadonlyArray<M>
): Effect.Effect<ReadonlyArray<M | null>, MemoryError> =>
  gate === null
    ? Effect.succeed(memories)
    : Effect.map(
        askBeforeWrite(
          gate,
          memories.map((memory) => toCandidate(door, scope, memory))
        ),
        (verdicts) => memories.map((memory, i) => applyVerdict(memory, verdicts[i] ?? null))
      )

/** The outcomes of what was kept, with those of what was dropped in their places. */
export const withDropped = (
  gated: ReadonlyArray<unknown>,
  outcomes: ReadonlyArray<Remembered>
): ReadonlyArray<Remembered> => {
  if (outcomes.length === gated.length) return outcomes
  let next = 0
  return gated.map((kept) => (kept === null ? DROPPED : (outcomes[next++] ?? DROPPED)))
}
