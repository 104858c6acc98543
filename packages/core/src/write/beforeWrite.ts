/** The hook that an application puts before everything that is kept, and the check of what it answers. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { content } from "../input/Statement.ts"
import { entryContent } from "../input/entries.ts"
import {
  type Field,
  integer,
  name,
  nullable,
  object,
  optional,
  type Problem,
  refused,
  shown,
  test,
  within
} from "../input/fields.ts"
import { metadata } from "../input/metadata.ts"
import type { JsonObject, MemorySource, MemoryType } from "../memory/Memory.ts"
import { MemoryError, WriteRefused } from "../memory/MemoryError.ts"
import type { Scope } from "../memory/Scope.ts"
import { runWithinCall } from "../runtime/CallQueue.ts"
import { admit } from "../runtime/timeSlice.ts"
import { wasRetryable } from "../runtime/wasRetryable.ts"

/** The verb through which something is about to be kept. */
export type WriteDoor =
  | "remember"
  | "rememberMany"
  | "rememberExchange"
  | "supersede"
  | "update"
  | "import"
  | "appendEntries"

/** What is about to be kept. A hook may change content, speaker and metadata; the rest says what it is. */
export interface WriteCandidate {
  readonly door: WriteDoor
  readonly scope: Scope
  /** The caller's key; `null` without one. */
  readonly key: string | null
  readonly sessionId: string | null
  /** `null` without a session, and where the turn is assigned when it is stored. */
  readonly turn: number | null
  /** Who said it. `null` for an entry that does not say so. */
  readonly source: MemorySource | null
  /** `null` for an entry. */
  readonly type: MemoryType | null
  /** The kind of an entry, such as `history`; `null` for a memory. */
  readonly entryKind: string | null
  /**
   * The text; `""` at the door `update`, which keeps metadata alone. Of an exchange's answer all of it, though its
   * beginning alone is kept.
   */
  readonly content: string
  /** Memories have one; `null` for an entry and at the door `update`. */
  readonly speaker: string | null
  /** Memories have it; `{}` for an entry. */
  readonly metadata: JsonObject
}

/** The candidate as it is to be kept, a refusal, or nothing to keep. A reason goes into the error: no text of the memory. */
export type BeforeWriteResult = WriteCandidate | { readonly refused: string } | "dropped"

/**
 * Sees everything before it is kept: what it changes is embedded and stored. `signal` is aborted at the deadline and
 * when the caller gives up. A throw, a rejection or another answer refuses the write.
 */
export type BeforeWrite = (
  candidate: WriteCandidate,
  signal: AbortSignal
) => BeforeWriteResult | PromiseLike<BeforeWriteResult>

/** A hook and its deadline. */
export interface WriteGate {
  readonly beforeWrite: BeforeWrite
  readonly timeoutMs: number
}

type Changeable = Pick<WriteCandidate, "content" | "speaker" | "metadata">

/** What is to be kept; `null`: nothing. */
export type Verdict = Changeable | null

/** Longest wait of a timer. */
const TIMEOUT_MAX_MS = 0x7fff_ffff

const gateOptions = {
  beforeWrite: within(
    "beforeWrite",
    optional(
      test(
        (value): value is BeforeWrite => typeof value === "function",
        "give a function from a candidate to what is to be kept"
      )
    )
  ),
  timeoutMs: within(
    "beforeWriteTimeoutMs",
    optional(integer(1, TIMEOUT_MAX_MS, "give a whole number of milliseconds above 0"))
  )
}

/** The hook among the options of a memory; `null` without one. */
export const readGate = (options: {
  readonly beforeWrite?: unknown
  readonly beforeWriteTimeoutMs?: unknown
}): Result.Result<WriteGate | null, Problem> =>
  Result.flatMap(gateOptions.timeoutMs(options.beforeWriteTimeoutMs), (timeoutMs = 5_000) =>
    Result.map(gateOptions.beforeWrite(options.beforeWrite), (beforeWrite) =>
      beforeWrite === undefined ? null : { beforeWrite, timeoutMs }
    )
  )

/** Calls of the hook under way at once, for one call of a verb. */
const CONCURRENCY = 16

/** Longest reason of a refusal, in characters. */
const REASON_MAX = 200

/** Shorter texts are found in any sentence. */
const QUOTED_MIN = 12

/** Why nothing is kept. */
interface Refusal {
  readonly problem: WriteRefused["problem"]
  readonly sentence: string
  readonly cause?: unknown
}

/** The index says which of several candidates it is. */
const toError = ({ problem, sentence, ...failure }: Refusal, index: number | null): MemoryError =>
  new MemoryError({
    reason: new WriteRefused({
      problem,
      message: `${index === null ? "" : `[${index}]: `}${sentence}. Nothing was stored.`,
      isRetryable: problem === "timeout" || (problem === "failed" && wasRetryable(failure.cause, true)),
      ...failure
    })
  })

const unchecked: Field<unknown> = (value) => Result.succeed(value)

const answerFields = (text: Field<string>) => ({
  door: unchecked,
  scope: unchecked,
  key: unchecked,
  sessionId: unchecked,
  turn: unchecked,
  source: unchecked,
  type: unchecked,
  entryKind: unchecked,
  content: text,
  speaker: nullable(name),
  metadata
})

const readMemoryAnswer = object(answerFields(content))
const readEntryAnswer = object(answerFields(entryContent))
/** The beginning that is kept of an exchange's answer is checked as memories are. */
const readExchangeAnswer = object(
  answerFields(
    test(
      (value): value is string => typeof value === "string" && value.trim() !== "",
      "is empty; there is nothing to remember"
    )
  )
)
const readUpdateAnswer = object(
  answerFields((value) =>
    value === "" ? Result.succeed(value) : refused('is not kept by update; leave it ""')
  )
)

type Answer = Changeable & { readonly [Name in keyof WriteCandidate]: unknown }

const readerFor = ({ door, entryKind, source }: WriteCandidate): Field<Answer> => {
  if (entryKind !== null) return readEntryAnswer
  if (door === "rememberExchange" && source === "assistant") return readExchangeAnswer
  return door === "update" ? readUpdateAnswer : readMemoryAnswer
}

const FIXED = ["door", "key", "sessionId", "turn", "source", "type", "entryKind"] as const

const isScope = (value: unknown, { agentId, userId }: Scope): boolean =>
  typeof value === "object" &&
  value !== null &&
  "agentId" in value &&
  value.agentId === agentId &&
  "userId" in value &&
  value.userId === userId

/** The field that is not the hook's to change here, or `undefined`. */
const findForbidden = (before: WriteCandidate, after: Answer): keyof WriteCandidate | undefined => {
  if (!isScope(after.scope, before.scope)) return "scope"
  const fixed = FIXED.find((field) => after[field] !== before[field])
  if (fixed !== undefined) return fixed
  if (before.entryKind === null)
    return before.door === "update" && after.speaker !== null ? "speaker" : undefined
  if (after.speaker !== null) return "speaker"
  if (Object.keys(after.metadata).length > 0) return "metadata"
  // The blocks of a reply are signed: a changed one is refused by the model's service.
  return before.source === "assistant" && after.content !== before.content ? "content" : undefined
}

const readRefusal = (candidate: WriteCandidate, reason: unknown): Refusal => {
  if (typeof reason !== "string" || reason.length === 0 || reason.length > REASON_MAX) {
    return {
      problem: "badAnswer",
      sentence: `beforeWrite refused without a reason of 1 to ${REASON_MAX} characters`
    }
  }
  const isQuoting = candidate.content.length >= QUOTED_MIN && reason.includes(candidate.content)
  return {
    problem: "refused",
    sentence: isQuoting
      ? "Refused by beforeWrite, for a reason that repeats the text"
      : `Refused by beforeWrite: ${reason}`
  }
}

const badCandidate = ([field, message]: Problem): Refusal => ({
  problem: "badAnswer",
  sentence: `beforeWrite returned a bad candidate: ${field.replace(/^\./u, "")}: ${message}`
})

const readAnswer = (candidate: WriteCandidate, answer: unknown): Result.Result<Verdict, Refusal> => {
  if (answer === "dropped") return Result.succeed(null)
  if (typeof answer !== "object" || answer === null) {
    return Result.fail({
      problem: "badAnswer",
      sentence: `beforeWrite returned ${typeof answer === "string" ? "a text" : shown(answer)}; return the candidate, { refused: "why" } or "dropped"`
    })
  }
  if ("refused" in answer) return Result.fail(readRefusal(candidate, answer.refused))
  const read = readerFor(candidate)(answer)
  if (Result.isFailure(read)) return Result.fail(badCandidate(read.failure))
  const { content: text, metadata: facts, speaker } = read.success
  const forbidden = findForbidden(candidate, read.success)
  return forbidden === undefined
    ? Result.succeed({ content: text, speaker, metadata: facts })
    : Result.fail(badCandidate([forbidden, "is not the hook's to change"]))
}

/** Calls the hook with a copy, so that it cannot reach the handle's own scope. */
const askOne = (
  { beforeWrite, timeoutMs }: WriteGate,
  candidate: WriteCandidate
): Effect.Effect<Verdict, Refusal> =>
  Effect.tryPromise({
    try: async (signal) => {
      const answer: unknown = await runWithinCall(async () =>
        beforeWrite({ ...candidate, scope: { ...candidate.scope } }, signal)
      )
      return readAnswer(candidate, answer)
    },
    catch: (cause): Refusal => ({
      problem: "failed",
      sentence: "beforeWrite failed; its error is the cause",
      cause
    })
  }).pipe(
    Effect.timeoutOrElse({
      duration: timeoutMs,
      orElse: () =>
        Effect.fail<Refusal>({
          problem: "timeout",
          sentence: `beforeWrite did not answer within ${timeoutMs} ms`
        })
    }),
    Effect.flatMap((read) => Effect.fromResult(read))
  )

/** What the hook says of each candidate. Fails when it refuses one, before anything is stored. */
export const askBeforeWrite = (
  gate: WriteGate,
  candidates: ReadonlyArray<WriteCandidate>
): Effect.Effect<ReadonlyArray<Verdict>, MemoryError> =>
  Effect.forEach(
    candidates,
    (candidate, i) =>
      Effect.andThen(admit, askOne(gate, candidate)).pipe(
        Effect.mapError((refusal) => toError(refusal, candidates.length > 1 ? i : null))
      ),
    { concurrency: CONCURRENCY }
  )
