import Anthropic from "@anthropic-ai/sdk"
import type { MemoryError, PromiseMemory } from "@keepsake/core"
import { Context, Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import { agentClosed, AgentError, invalidInput } from "./AgentError.ts"
import { Conversation } from "./conversation/Conversation.ts"
import { EchoFilter } from "./conversation/EchoFilter.ts"
import type { SessionExport } from "./conversation/SessionExport.ts"
import type { ModelClient } from "./ModelClient.ts"
import { type AgentOptions, readAgentOptions, readSessionOptions, type SessionOptions } from "./options.ts"
import { type AgentSession, makeSession } from "./Session.ts"
import { toAgentError } from "./toAgentError.ts"
import { nativeMemoryTool } from "./tools/memoryFiles/memoryFilesTool.ts"
import { memoryTools } from "./tools/memoryTools.ts"
import { type SessionTool, type ToolOwner, toRunnerTools } from "./tools/sessionTools.ts"
import type { AgentSettings } from "./turn/AgentSettings.ts"
import type { SessionServices } from "./turn/SessionServices.ts"
import { makeWriteQueue, type WriteQueue } from "./writing/WriteQueue.ts"

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
    /** Refuses further turns and waits for the writes. The memory stays open. Safe to call twice. */
    readonly close: Effect.Effect<void>
  }
>()("@keepsake/agent/Agent") {
  static readonly layer = (options: AgentOptions): Layer.Layer<Agent, AgentError> =>
    Layer.effect(Agent, makeAgent(options))
}

/** What the sessions of one agent share. */
interface Shared {
  readonly settings: AgentSettings
  readonly writeQueue: WriteQueue
  readonly client: () => ModelClient
  readonly isClosed: () => boolean
}

/** By its tag: the caller's memory may come from another copy of core. */
const isMemoryError = (error: unknown): error is MemoryError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "MemoryError"

const toTypedError = (error: unknown, model: string): AgentError | MemoryError =>
  isMemoryError(error) ? error : toAgentError(error, model)

const collectTools = (
  settings: AgentSettings,
  owner: ToolOwner,
  echoFilter: EchoFilter
): ReadonlyArray<SessionTool> => {
  const { agentId, memory, tools } = settings
  const ownTools = typeof tools === "function" ? tools(owner) : tools
  const forMemory = settings.memoryTools
    ? memoryTools(owner.memory, {
        onRecalled: (text, memories) =>
          echoFilter.add(
            text,
            memories.map(({ content }) => content)
          ),
        wasRecalled: (text) => echoFilter.has(text)
      })
    : []
  const forFiles = settings.memoryFiles
    ? [nativeMemoryTool(memory.files({ agentId, userId: owner.userId }))]
    : []
  return [...ownTools, ...forMemory, ...forFiles]
}

const checkOwner = (resume: SessionExport, agentId: string, userId: string): void => {
  if (resume.agentId !== agentId || resume.userId !== userId)
    throw invalidInput("resume", "is the session of another user or another agent")
}

const startConversation = (
  memory: PromiseMemory,
  sessionId: string,
  options: SessionOptions
): Conversation => {
  const { resume } = options
  const isNew = resume === undefined && options.sessionId === undefined
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
  const ownMemory = settings.memory.for({ agentId, userId })
  const reads = [...settings.reads, ...(read.reads ?? [])]
  const memory = reads.length === 0 ? ownMemory : settings.memory.for({ agentId, userId }, { reads })
  if (resume !== undefined) checkOwner(resume, agentId, userId)
  const sessionId = resume?.sessionId ?? read.sessionId ?? randomUUID()
  const echoFilter = new EchoFilter()
  return {
    ...shared,
    userId,
    sessionId,
    memory,
    ownMemory,
    echoFilter,
    tools: toRunnerTools(collectTools(settings, { userId, sessionId, memory }, echoFilter)),
    conversation: startConversation(memory, sessionId, read)
  }
}

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
  let isClosed = false
  let { client } = settings
  const shared: Shared = {
    settings,
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

  const close = Effect.suspend(() => {
    isClosed = true
    return writeQueue.flush
  })
  yield* Effect.addFinalizer(() => close)
  return Agent.of({ session, flush: writeQueue.flush, close })
})
