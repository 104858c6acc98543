import Anthropic from "@anthropic-ai/sdk"
import { type MemoryError, type PromiseMemory, STATEMENT_LIMITS } from "@keepsake/core"
import { Context, Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import { agentClosed, AgentError, invalidOption, toAgentError } from "./AgentError.ts"
import { checkExport, Conversation, type SessionExport } from "./conversation/Conversation.ts"
import { nativeMemoryTool } from "./tools/memoryFiles/memoryFilesTool.ts"
import { memoryTools } from "./tools/memoryTools.ts"
import { type AgentOptions, type AgentSettings, settingsOf, type ToolOwner } from "./options.ts"
import { EchoFilter } from "./conversation/EchoFilter.ts"
import type { ModelClient } from "./turn/runModel.ts"
import { type AgentSession, makeSession } from "./Session.ts"
import { runnerTools, type SessionTool } from "./tools/sessionTools.ts"
import { makeWriteQueue } from "./writing/WriteQueue.ts"

/** Which conversation, and whose. */
export interface SessionOptions {
  readonly userId: string
  /** A new one when absent. Another session's turns under the same id are recalled, not repeated. */
  readonly sessionId?: string | undefined
  /** Goes on from `session.export()`. */
  readonly resume?: SessionExport | undefined
}

/** Longest one attempt of a background write may take: model calls included. */
const WRITE_ATTEMPT_MS = 30_000

/** Claude with a memory: conversations of many users over one store. */
export class Agent extends Context.Service<
  Agent,
  {
    /** `InvalidInput` for an id, a tool or an export that cannot be used. */
    session(options: SessionOptions): Effect.Effect<AgentSession, AgentError | MemoryError>
    /** Until every write begun so far is stored or reported. */
    readonly flush: Effect.Effect<void>
    /** No more turns; waits for the writes. Leaves the memory open. Safe to call twice. */
    readonly close: Effect.Effect<void>
  }
>()("@keepsake/agent/Agent") {
  static readonly layer = (options: AgentOptions): Layer.Layer<Agent, AgentError> =>
    Layer.effect(Agent, make(options))
}

const attempt = <A>(model: string, f: () => A): Effect.Effect<A, AgentError | MemoryError> =>
  Effect.try({ try: f, catch: (error) => toKnown(error, model) })

const toKnown = (error: unknown, model: string): AgentError | MemoryError =>
  error instanceof AgentError || isMemoryError(error) ? error : toAgentError(error, model)

const isMemoryError = (error: unknown): error is MemoryError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "MemoryError"

const toolsFor = (
  settings: AgentSettings,
  owner: ToolOwner,
  recalledText: EchoFilter
): ReadonlyArray<SessionTool> => {
  const { agentId, memory, tools = [] } = settings
  return [
    ...(typeof tools === "function" ? tools(owner) : tools),
    ...(settings.memoryTools === true
      ? memoryTools(owner.memory, {
          onRecalled: (text, memories) =>
            recalledText.add(
              text,
              memories.map(({ content }) => content)
            ),
          wasRecalled: (text) => recalledText.has(text)
        })
      : []),
    ...(settings.memoryFiles === true
      ? [nativeMemoryTool(memory.files({ agentId, userId: owner.userId }))]
      : [])
  ]
}

const checkSessionId = (sessionId: string): string => {
  const isName =
    typeof sessionId === "string" && sessionId.trim() !== "" && sessionId.length <= STATEMENT_LIMITS.name
  if (!isName || sessionId.includes("\u0000") || !sessionId.isWellFormed()) {
    throw invalidOption(
      "sessionId",
      `give 1 to ${STATEMENT_LIMITS.name} characters, or leave it out for a new one`
    )
  }
  return sessionId
}

const conversationOf = (memory: PromiseMemory, sessionId: string, options: SessionOptions): Conversation => {
  const { resume } = options
  const isNew = resume === undefined && options.sessionId === undefined
  return new Conversation(memory, sessionId, {
    base: isNew ? 0 : (resume?.nextTurn ?? null),
    complete: isNew || resume?.complete === true,
    entries: resume?.exchanges ?? []
  })
}

const make = Effect.fnUntraced(function* (options: AgentOptions) {
  const settings = yield* Effect.try({
    try: () => settingsOf(options),
    catch: (error) => toAgentError(error, options.model)
  })
  // Tools for all sessions are checked once, now, so that a mistake shows before the first user does.
  if (Array.isArray(options.tools)) {
    const tools: ReadonlyArray<SessionTool> = options.tools
    yield* Effect.try({ try: () => runnerTools(tools), catch: (error) => toAgentError(error, options.model) })
  }
  const writer = yield* makeWriteQueue({ limit: settings.queueLimit, attemptTimeoutMs: WRITE_ATTEMPT_MS })
  let closed = false
  let client: ModelClient | undefined = options.client

  const session = (one: SessionOptions) =>
    Effect.flatMap(
      attempt(settings.model, () => {
        if (closed) throw agentClosed()
        const { userId } = one
        const { agentId } = settings
        const memory = settings.memory.for({ agentId, userId })
        if (one.resume !== undefined) checkExport(one.resume, agentId, userId)
        const sessionId = checkSessionId(one.resume?.sessionId ?? one.sessionId ?? randomUUID())
        const recalledText = new EchoFilter()
        const tools = runnerTools(toolsFor(settings, { userId, sessionId, memory }, recalledText))
        return {
          userId,
          sessionId,
          settings,
          memory,
          recalledText,
          tools,
          writer,
          // Made at the first call, so that an agent can be set up where there is no key.
          client: () => (client ??= new Anthropic()),
          conversation: conversationOf(memory, sessionId, one),
          isClosed: () => closed
        }
      }),
      makeSession
    )

  const close = Effect.suspend(() => {
    closed = true
    return writer.flush
  })
  yield* Effect.addFinalizer(() => close)
  return Agent.of({ session, flush: writer.flush, close })
})
