import Anthropic from "@anthropic-ai/sdk"
import type { MemoryError, PromiseMemory } from "@keepsake/core"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomUUID } from "node:crypto"
import { agentClosed, AgentError, invalidInput } from "./AgentError.ts"
import { Conversation } from "./conversation/Conversation.ts"
import { EchoFilter } from "./conversation/EchoFilter.ts"
import { KeptHistory } from "./conversation/KeptHistory.ts"
import type { SessionExport } from "./conversation/SessionExport.ts"
import { toMessageKey } from "./conversation/userContent.ts"
import type { ModelClient } from "./ModelClient.ts"
import {
  type AgentOptions,
  type CloseOptions,
  readAgentOptions,
  readCloseOptions,
  readSessionOptions,
  type SessionOptions
} from "./options.ts"
import { type AgentSession, makeSession } from "./Session.ts"
import { toAgentError } from "./toAgentError.ts"
import { nativeMemoryTool } from "./tools/memoryFiles/memoryFilesTool.ts"
import { memoryTools } from "./tools/memoryTools.ts"
import {
  type RunnerTool,
  type SessionTool,
  type SessionTools,
  type ToolOwner,
  toRunnerTools
} from "./tools/sessionTools.ts"
import type { AgentSettings } from "./turn/AgentSettings.ts"
import { breakOff } from "./turn/model/TurnProgress.ts"
import { makeRunningTurns, type RunningTurns } from "./turn/RunningTurns.ts"
import type { SessionServices } from "./turn/SessionServices.ts"
import { makeWriteQueue, type Unwritten, type WriteQueue } from "./writing/WriteQueue.ts"

/** Longest that `close` takes when it is not told. */
const CLOSE_DEADLINE_MS = 30_000

/** Longest that one attempt of a background write may take, model calls included. */
const WRITE_ATTEMPT_MS = 30_000

/** Claude with a memory: conversations of many users over one store. */
export class Agent extends Context.Service<
  Agent,
  {
    /** Fails with `InvalidInput` for an id, a tool or an export that cannot be used. */
    session(options: SessionOptions): Effect.Effect<AgentSession, AgentError | MemoryError>
    /** Waits until every write begun so far is stored or reported. */
    readonly flush: Effect.Effect<void>
    /**
     * Refuses further turns, waits for those under way and for the writes, and reports what was not written. After
     * the deadline it stops them. The memory stays open. Safe to call twice.
     */
    close(options?: CloseOptions): Effect.Effect<CloseReport>
  }
>()("@keepsake/agent/Agent") {
  static readonly layer = (options: AgentOptions): Layer.Layer<Agent, AgentError> =>
    Layer.effect(Agent, makeAgent(options))
}

/** What `close` could not do. */
export interface CloseReport {
  /** Exchanges that are not in the store, with their text; empty when all went well. */
  readonly unwritten: ReadonlyArray<Unwritten>
}

/** What the sessions of one agent share. */
interface Shared {
  readonly settings: AgentSettings
  readonly running: RunningTurns
  readonly writeQueue: WriteQueue
  readonly client: () => ModelClient
  readonly isClosed: () => boolean
}

/** By its tag: the caller's memory may come from another copy of core. */
const isMemoryError = (error: unknown): error is MemoryError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "MemoryError"

const toTypedError = (error: unknown, model: string): AgentError | MemoryError =>
  isMemoryError(error) ? error : toAgentError(error, model)

/** What the memory's tools and their session share. */
interface ToolParts {
  readonly owner: ToolOwner
  readonly echoFilter: EchoFilter
  readonly conversation: Conversation
  readonly turn: SessionServices["turn"]
}

/** The tools over the session's memory. What they store has its place in the session. */
const makeMemoryTools = (
  settings: AgentSettings,
  { conversation, echoFilter, owner, turn }: ToolParts
): ReadonlyArray<SessionTool> => {
  const forMemory = settings.memoryTools
    ? memoryTools(owner.memory, {
        onRecalled: (text, memories) =>
          echoFilter.add(
            text,
            memories.map(({ content }) => content)
          ),
        wasRecalled: (text) => echoFilter.has(text),
        provenance: async (signal) => {
          const { current } = turn
          return current === undefined
            ? {}
            : {
                sessionId: owner.sessionId,
                turn: await conversation.turnAt(current.exchangeIndex, signal),
                saidAt: current.saidAt,
                speaker: current.speaker
              }
        }
      })
    : []
  const forFiles = settings.memoryFiles
    ? [nativeMemoryTool(settings.memory.files({ agentId: settings.agentId, userId: owner.userId }))]
    : []
  return [...forMemory, ...forFiles]
}

const checkOwner = (resume: SessionExport, agentId: string, userId: string): void => {
  if (resume.agentId !== agentId || resume.userId !== userId)
    throw invalidInput("resume", "is the session of another user or another agent")
}

const isNewSession = ({ resume, sessionId }: SessionOptions): boolean =>
  resume === undefined && sessionId === undefined

const startConversation = (
  memory: PromiseMemory,
  sessionId: string,
  options: SessionOptions
): Conversation => {
  const { resume } = options
  const isNew = isNewSession(options)
  return new Conversation(memory, sessionId, {
    nextTurn: isNew ? 0 : (resume?.nextTurn ?? null),
    complete: isNew || resume?.complete === true,
    entries: resume?.exchanges ?? []
  })
}

/** Throws for options that cannot be used. */
const makeSessionServices = (shared: Shared, options: SessionOptions): SessionServices => {
  if (shared.isClosed()) throw agentClosed()
  const { settings } = shared
  const { agentId } = settings
  const read = readSessionOptions(options)
  const { resume, userId } = read
  const { timeZone = settings.timeZone } = read
  const ownMemory = settings.memory.for({ agentId, userId }, { timeZone })
  const reads = [...settings.reads, ...(read.reads ?? [])]
  const memory =
    reads.length === 0 ? ownMemory : settings.memory.for({ agentId, userId }, { reads, timeZone })
  if (resume !== undefined) checkOwner(resume, agentId, userId)
  const sessionId = resume?.sessionId ?? read.sessionId ?? randomUUID()
  const echoFilter = new EchoFilter()
  const conversation = startConversation(memory, sessionId, read)
  const turn: SessionServices["turn"] = { current: undefined }
  const owner = { userId, sessionId, memory }
  const ofMemory = makeMemoryTools(settings, { owner, echoFilter, conversation, turn })
  const makeTools = (tools: SessionTools) =>
    toRunnerTools([...(typeof tools === "function" ? tools(owner) : tools), ...ofMemory])
  return {
    ...shared,
    userId,
    sessionId,
    memory,
    ownMemory,
    echoFilter,
    conversation,
    kept: settings.keepHistory
      ? new KeptHistory({
          memory: ownMemory,
          sessionId,
          isNew: isNewSession(read),
          isGiven: resume !== undefined,
          budgetTokens: settings.historyTokens,
          breakOff,
          toKey: toMessageKey
        })
      : undefined,
    turn,
    makeTools,
    memoryToolNames: new Set(toRunnerTools(ofMemory).map(readToolName)),
    container: { current: undefined },
    speaker: read.speaker,
    turnSettings: {
      model: read.model ?? settings.model,
      system: read.system ?? settings.system,
      params: { ...settings.params, ...read.params },
      tools: makeTools(read.tools ?? settings.tools)
    }
  }
}

const readToolName = (tool: RunnerTool): string => ("name" in tool ? tool.name : "")

/** Of a deadline, the share in which turns may end by themselves; the rest is for their writes. */
const TURNS_SHARE = 0.75

const closeAgent = (
  { running, writeQueue }: Pick<Shared, "running" | "writeQueue">,
  deadlineMs: number
): Effect.Effect<CloseReport> =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    yield* Effect.timeoutOption(running.wait, deadlineMs * TURNS_SHARE)
    yield* Effect.timeoutOption(running.stop, deadlineMs * (1 - TURNS_SHARE))
    const leftMs = Math.max(0, deadlineMs - ((yield* Clock.currentTimeMillis) - start))
    return { unwritten: yield* writeQueue.drain(leftMs) }
  })

const makeAgent = Effect.fnUntraced(function* (options: AgentOptions) {
  const settings = yield* Effect.try({
    try: () => {
      const read = readAgentOptions(options)
      // Tools for all sessions are checked now, so that a mistake shows before the first session.
      if (typeof read.tools !== "function") toRunnerTools(read.tools)
      return read
    },
    catch: (error) => toAgentError(error, options?.model)
  })
  const writeQueue = yield* makeWriteQueue({
    limit: settings.queueLimit,
    attemptTimeoutMs: WRITE_ATTEMPT_MS
  })
  const running = yield* makeRunningTurns
  let isClosed = false
  let { client } = settings
  const shared: Shared = {
    settings,
    running,
    writeQueue,
    // Made at the first call, so that an agent can be created without a key.
    client: () => (client ??= new Anthropic()),
    isClosed: () => isClosed
  }

  const session = (sessionOptions: SessionOptions) =>
    Effect.try({
      try: () => makeSessionServices(shared, sessionOptions),
      catch: (error) => toTypedError(error, settings.model)
    }).pipe(Effect.flatMap(makeSession))

  const close = (closeOptions: CloseOptions = {}) =>
    Effect.suspend(() => {
      const { deadlineMs = CLOSE_DEADLINE_MS } = readCloseOptions(closeOptions)
      isClosed = true
      return closeAgent(shared, deadlineMs)
    })
  yield* Effect.addFinalizer(() => close())
  return Agent.of({ session, flush: writeQueue.flush, close })
})
