import type Anthropic from "@anthropic-ai/sdk"
import type { ContextOptions, MemoryClient, PromiseMemory } from "@keepsake/core"
import { invalidOption } from "./AgentError.ts"
import type { AgentEvent } from "./events.ts"
import type { CacheSetting, Placement } from "./conversation/prompt.ts"
import type { ModelClient, RequestParams } from "./turn/runModel.ts"
import type { SessionTool } from "./tools/sessionTools.ts"
import { firstParagraph, verbatim } from "./writing/policies/verbatim.ts"
import type { WritingPolicy } from "./writing/WritingPolicy.ts"

/** Whom a tool is made for. The model cannot change it. */
export interface ToolOwner {
  readonly userId: string
  readonly sessionId: string
  readonly memory: PromiseMemory
}

/** What `createAgent` takes. */
export interface AgentOptions {
  /** Stays the caller's: the agent never closes it. */
  readonly memory: MemoryClient
  /** `new Anthropic()` when absent, which reads ANTHROPIC_API_KEY. */
  readonly client?: ModelClient | undefined
  /** Such as `claude-sonnet-5-5`. */
  readonly model: string
  /** The base system prompt: the same in every turn, so that it is cached. */
  readonly system?: string | ReadonlyArray<Anthropic.Beta.Messages.BetaTextBlockParam> | undefined
  /** Part of the scope: agents with different ids do not share memories. `"default"` when absent. */
  readonly agentId?: string | undefined
  /** For all sessions, or made for each. */
  readonly tools?: ReadonlyArray<SessionTool> | ((owner: ToolOwner) => ReadonlyArray<SessionTool>) | undefined
  /** Hands `remember`, `recall`, `forget` and `update` over this user's memory to the model. */
  readonly memoryTools?: boolean | undefined
  /** Hands Anthropic's own memory tool (`memory_20250818`) to the model, its files kept in the same store. */
  readonly memoryFiles?: boolean | undefined
  /** Tokens of one reply; 4,096 when absent. */
  readonly maxTokens?: number | undefined
  /** Requests to the model in one turn; 16 when absent. */
  readonly maxTurns?: number | undefined
  /** Longest a tool may take, in milliseconds; 60,000 when absent. */
  readonly toolTimeoutMs?: number | undefined
  /** Longest that memory may hold up a turn, recall and awaited write together, in milliseconds; 1,500 when absent. */
  readonly memoryTimeoutMs?: number | undefined
  /** What goes into the memory block, and how much of it. */
  readonly context?: Omit<ContextOptions, "sessionId"> | undefined
  /** Where the memory block goes; `"tail"` when absent. */
  readonly placement?: Placement | undefined
  /** `"5m"` when absent. */
  readonly cache?: CacheSetting | undefined
  /** Tokens of history sent along, estimated at four characters a token; 60,000 when absent. The oldest exchanges go first, whole. */
  readonly historyTokens?: number | undefined
  /** How exchanges become memories; `"verbatim"` when absent, `"none"` to remember nothing by itself. */
  readonly writing?: WritingSetting | ReadonlyArray<WritingPolicy> | undefined
  /** Writes waiting at once, over all sessions; 1,000 when absent. */
  readonly queueLimit?: number | undefined
  /** Told of all that memory could not do, and of every write's outcome. */
  readonly onEvent?: ((event: AgentEvent) => void) | undefined
  /** Anything else the Messages API takes. */
  readonly params?: RequestParams | undefined
}

/** How what was said becomes memories: a policy by name, or one that is made (`summary`, `facts`, your own). */
export type WritingSetting = "verbatim" | "firstParagraph" | "none" | WritingPolicy

/** The options with their defaults, checked. */
export interface AgentSettings extends Omit<AgentOptions, "client" | "writing"> {
  readonly agentId: string
  readonly maxTokens: number
  readonly maxTurns: number
  readonly toolTimeoutMs: number
  readonly memoryTimeoutMs: number
  readonly placement: Placement
  readonly cache: CacheSetting
  readonly historyTokens: number
  readonly queueLimit: number
  readonly policies: ReadonlyArray<WritingPolicy>
}

const count = (field: string, value: number | undefined, otherwise: number): number => {
  if (value === undefined) return otherwise
  if (!Number.isInteger(value) || value < 1)
    throw invalidOption(field, `${value} is not a whole number above 0`)
  return value
}

const policiesOf = (writing: AgentOptions["writing"]): ReadonlyArray<WritingPolicy> => {
  const one = (setting: WritingSetting): ReadonlyArray<WritingPolicy> => {
    if (setting === "none") return []
    if (setting === "verbatim") return [verbatim()]
    if (setting === "firstParagraph") return [firstParagraph()]
    if (typeof setting === "object" && typeof setting.write === "function") return [setting]
    throw invalidOption(
      "writing",
      `${JSON.stringify(setting)} is none of verbatim, firstParagraph, none or a policy`
    )
  }
  if (writing === undefined) return [verbatim()]
  return Array.isArray(writing)
    ? (writing as ReadonlyArray<WritingPolicy>).flatMap(one)
    : one(writing as WritingSetting)
}

/** Throws `InvalidInput` for an option that cannot work, before anything is sent. */
export const settingsOf = (options: AgentOptions): AgentSettings => {
  const { cache = "5m", model, placement = "tail" } = options
  if (typeof options.memory?.for !== "function") throw invalidOption("memory", "give what openMemory returns")
  if (typeof model !== "string" || model.trim() === "")
    throw invalidOption("model", "name the model, such as claude-sonnet-5-5")
  if (placement !== "tail" && placement !== "system")
    throw invalidOption("placement", `${String(placement)} is neither tail nor system`)
  if (cache !== false && cache !== "5m" && cache !== "1h")
    throw invalidOption("cache", `${String(cache)} is none of 5m, 1h, false`)
  return {
    ...options,
    agentId: options.agentId ?? "default",
    maxTokens: count("maxTokens", options.maxTokens, 4_096),
    maxTurns: count("maxTurns", options.maxTurns, 16),
    toolTimeoutMs: count("toolTimeoutMs", options.toolTimeoutMs, 60_000),
    memoryTimeoutMs: count("memoryTimeoutMs", options.memoryTimeoutMs, 1_500),
    placement,
    cache,
    historyTokens: count("historyTokens", options.historyTokens, 60_000),
    queueLimit: count("queueLimit", options.queueLimit, 1_000),
    policies: policiesOf(options.writing)
  }
}
