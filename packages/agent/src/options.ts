import {
  type ContextOptions,
  DEFAULT_AGENT,
  type MemoryClient,
  type Scope,
  STATEMENT_LIMITS
} from "@keepsake/core"
import { fields, isTimeZone } from "@keepsake/core/driver"
import * as Result from "effect/Result"
import type { CacheSetting } from "./conversation/cacheMarks.ts"
import type { Placement, SystemPrompt } from "./conversation/prompt.ts"
import { type SessionExport, sessionExport, sessionId } from "./conversation/SessionExport.ts"
import type { AgentEvent } from "./events.ts"
import {
  callback,
  contextOptions,
  modelClient,
  modelName,
  positiveInteger,
  readOrThrow
} from "./inputFields.ts"
import type { ModelClient, RequestParams } from "./ModelClient.ts"
import type { SessionTools } from "./tools/sessionTools.ts"
import type { AgentSettings } from "./turn/AgentSettings.ts"
import type { TurnOptions } from "./turn/TurnSettings.ts"
import { firstParagraph, verbatim } from "./writing/policies/verbatim.ts"
import type { WritingPolicy } from "./writing/WritingPolicy.ts"

const { boolean, input, object, oneOf, optional, refused, shown, test } = fields

/** A policy by its name, or as an object (`summary`, `facts`, your own). */
export type WritingSetting = "verbatim" | "firstParagraph" | "none" | WritingPolicy

/** The options of `createAgent`. */
export interface AgentOptions {
  /** The agent never closes it. */
  readonly memory: MemoryClient
  /** `new Anthropic()` when absent, which reads ANTHROPIC_API_KEY. */
  readonly client?: ModelClient | undefined
  /** Such as `claude-sonnet-5-5`. */
  readonly model: string
  /** The base system prompt: the same in every turn, so that it is cached. */
  readonly system?: SystemPrompt | undefined
  /** Part of the scope: agents with different ids do not share memories. `"default"` when absent. */
  readonly agentId?: string | undefined
  /** For all sessions, or a function that makes them for each. */
  readonly tools?: SessionTools | undefined
  /**
   * Other scopes that every session recalls from and never writes to, such as `["team:blue"]`; a string is a
   * user of the same agent. A session may add its own. Up to seven together.
   */
  readonly reads?: ReadonlyArray<string | Scope> | undefined
  /** Where the users are, as a name of the IANA database such as `"America/Los_Angeles"`; the memory's own when absent. */
  readonly timeZone?: string | undefined
  /** Gives the model `remember`, `recall`, `forget` and `update` over this user's memory. */
  readonly memoryTools?: boolean | undefined
  /** Gives the model Anthropic's own memory tool (`memory_20250818`), with its files in the same store. */
  readonly memoryFiles?: boolean | undefined
  /** Most tokens of one reply; 4,096 when absent. */
  readonly maxTokens?: number | undefined
  /** Most requests to the model in one turn; 16 when absent. */
  readonly maxTurns?: number | undefined
  /** Longest that a tool may take, in milliseconds; 60,000 when absent. */
  readonly toolTimeoutMs?: number | undefined
  /**
   * Longest that memory may hold up a turn, in milliseconds: recall, memory tools that hang and awaited writes
   * together; 1,500 when absent.
   */
  readonly memoryTimeoutMs?: number | undefined
  /** Longest time between two events of a streamed reply, in milliseconds; 120,000 when absent. */
  readonly silenceTimeoutMs?: number | undefined
  /** What goes into the memory block, and how large it may be. */
  readonly context?: Omit<ContextOptions, "sessionId"> | undefined
  /** Where the memory block goes; `"tail"` when absent. */
  readonly placement?: Placement | undefined
  /** `"5m"` when absent. */
  readonly cache?: CacheSetting | undefined
  /**
   * Most tokens of history in a request, estimated and corrected by the counts that the API returns; 60,000 when
   * absent. The oldest exchanges go first, whole.
   */
  readonly historyTokens?: number | undefined
  /**
   * Keeps the history of every session in the store, apart from the memories, so that a known `sessionId` goes on in
   * another process; true when absent.
   */
  readonly keepHistory?: boolean | undefined
  /** How exchanges become memories; `"verbatim"` when absent, `"none"` to write nothing automatically. */
  readonly writing?: WritingSetting | ReadonlyArray<WritingPolicy> | undefined
  /** Most writes that wait or run at once, over all sessions; 1,000 when absent. */
  readonly queueLimit?: number | undefined
  /** Called with every degradation, retry and write outcome. */
  readonly onEvent?: ((event: AgentEvent) => void) | undefined
  /** Further parameters of the Messages API. */
  readonly params?: RequestParams | undefined
}

/** The options of `agent.session`; `model`, `system`, `params` and `tools` are the agent's when absent. */
export interface SessionOptions extends TurnOptions {
  readonly userId: string
  /** A new id when absent; a known one goes on where its history in the store ends. */
  readonly sessionId?: string | undefined
  /** Scopes that this session recalls from beside those of the agent. */
  readonly reads?: ReadonlyArray<string | Scope> | undefined
  /** Where this user is; the agent's when absent. */
  readonly timeZone?: string | undefined
  /** Continues from `session.export()`. */
  readonly resume?: SessionExport | undefined
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const memory = test(
  (value): value is MemoryClient => isObject(value) && "for" in value && typeof value.for === "function",
  "give what openMemory returns"
)

const system = test(
  (value): value is SystemPrompt => typeof value === "string" || Array.isArray(value),
  "give a text, or a list of text blocks"
)

const tools = test(
  (value): value is SessionTools =>
    typeof value === "function" || (Array.isArray(value) && value.every(isObject)),
  "give a list of tools, or a function that makes them for a session"
)

/** The memory checks the scopes when a session is made. */
const reads = test(
  (value): value is ReadonlyArray<string | Scope> => Array.isArray(value),
  'give a list, such as ["team:blue"]'
)

const timeZone = test(
  (value): value is string => typeof value === "string" && isTimeZone(value),
  (value) => `${shown(value)} is no time zone; give a name such as America/Los_Angeles`
)

const cache = test(
  (value): value is CacheSetting => value === false || value === "5m" || value === "1h",
  (value) => `${shown(value)} is none of 5m, 1h, false`
)

const POLICY_NAMES = ["verbatim", "firstParagraph", "none"] as const

const isWritingSetting = (value: unknown): value is WritingSetting =>
  (POLICY_NAMES as ReadonlyArray<unknown>).includes(value) ||
  (isObject(value) && "write" in value && typeof value.write === "function")

const writing: fields.Field<WritingSetting | ReadonlyArray<WritingPolicy>> = (value) => {
  const settings: ReadonlyArray<unknown> = Array.isArray(value) ? value : [value]
  const unknownIndex = settings.findIndex((setting) => !isWritingSetting(setting))
  return unknownIndex < 0
    ? Result.succeed(value as WritingSetting | ReadonlyArray<WritingPolicy>)
    : refused(`${shown(settings[unknownIndex])} is none of ${POLICY_NAMES.join(", ")} or a policy`)
}

const params = test(
  (value): value is RequestParams => isObject(value) && !Array.isArray(value),
  "give an object of parameters of the Messages API"
)

const agentOptions = input(
  "options",
  object({
    memory,
    client: optional(modelClient),
    model: modelName("claude-sonnet-5-5"),
    system: optional(system),
    agentId: optional(
      test((value) => typeof value === "string", `give an id, or leave it out for "${DEFAULT_AGENT}"`)
    ),
    tools: optional(tools),
    reads: optional(reads),
    timeZone: optional(timeZone),
    memoryTools: optional(boolean),
    memoryFiles: optional(boolean),
    maxTokens: optional(positiveInteger),
    maxTurns: optional(positiveInteger),
    toolTimeoutMs: optional(positiveInteger),
    memoryTimeoutMs: optional(positiveInteger),
    silenceTimeoutMs: optional(positiveInteger),
    context: optional(contextOptions),
    placement: optional(oneOf<Placement>(["tail", "system"])),
    cache: optional(cache),
    historyTokens: optional(positiveInteger),
    keepHistory: optional(boolean),
    writing: optional(writing),
    queueLimit: optional(positiveInteger),
    onEvent: optional(callback<(event: AgentEvent) => void>()),
    params: optional(params)
  } satisfies fields.Fields<AgentOptions>)
)

const toPolicies = (setting: WritingSetting | ReadonlyArray<WritingPolicy>): ReadonlyArray<WritingPolicy> => {
  if (setting === "none") return []
  if (setting === "verbatim") return [verbatim()]
  if (setting === "firstParagraph") return [firstParagraph()]
  return "write" in setting ? [setting] : setting.flatMap(toPolicies)
}

/** The options with their defaults. Throws `InvalidInput` before anything is sent. */
export const readAgentOptions = (options: AgentOptions): AgentSettings => {
  const read = readOrThrow(agentOptions(options))
  return {
    memory: read.memory,
    client: read.client,
    model: read.model,
    system: read.system,
    agentId: read.agentId ?? DEFAULT_AGENT,
    tools: read.tools ?? [],
    reads: read.reads ?? [],
    timeZone: read.timeZone,
    memoryTools: read.memoryTools ?? false,
    memoryFiles: read.memoryFiles ?? false,
    maxTokens: read.maxTokens ?? 4_096,
    maxTurns: read.maxTurns ?? 16,
    toolTimeoutMs: read.toolTimeoutMs ?? 60_000,
    memoryTimeoutMs: read.memoryTimeoutMs ?? 1_500,
    silenceTimeoutMs: read.silenceTimeoutMs ?? 120_000,
    context: read.context ?? {},
    placement: read.placement ?? "tail",
    cache: read.cache ?? "5m",
    historyTokens: read.historyTokens ?? 60_000,
    keepHistory: read.keepHistory ?? true,
    policies: toPolicies(read.writing ?? "verbatim"),
    queueLimit: read.queueLimit ?? 1_000,
    onEvent: read.onEvent,
    params: read.params ?? {}
  }
}

const speaker: fields.Field<string> = test(
  (value): value is string =>
    typeof value === "string" &&
    value.trim() !== "" &&
    value.length <= STATEMENT_LIMITS.name &&
    !/[\r\n]/u.test(value) &&
    fields.isKeepable(value),
  `give a name of 1 to ${STATEMENT_LIMITS.name} characters on one line`
)

const TURN = {
  model: optional(modelName("claude-sonnet-5-5")),
  system: optional(system),
  params: optional(params),
  tools: optional(tools),
  speaker: optional(speaker)
} satisfies fields.Fields<TurnOptions>

const turnOptions = input("options", object(TURN))

/** Throws `InvalidInput` for an option that cannot be used. */
export const readTurnOptions = (options: TurnOptions): TurnOptions => readOrThrow(turnOptions(options))

/** How long `close` may take. */
export interface CloseOptions {
  /** Milliseconds; 30,000 when absent. */
  readonly deadlineMs?: number | undefined
}

const closeOptions = input(
  "options",
  object({ deadlineMs: optional(positiveInteger) } satisfies fields.Fields<CloseOptions>)
)

/** Throws `InvalidInput` for a deadline that cannot be kept. */
export const readCloseOptions = (options: CloseOptions): CloseOptions => readOrThrow(closeOptions(options))

/** The memory checks the user's id. */
const userId: fields.Field<string> = (value) => Result.succeed(value as string)

const sessionOptions = input(
  "options",
  object({
    userId,
    sessionId: optional(sessionId),
    reads: optional(reads),
    timeZone: optional(timeZone),
    resume: optional(sessionExport),
    ...TURN
  } satisfies fields.Fields<SessionOptions>)
)

/** Throws `InvalidInput` for an id or an export that cannot be used. */
export const readSessionOptions = (options: SessionOptions): SessionOptions =>
  readOrThrow(sessionOptions(options))
