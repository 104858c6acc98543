import type { ContextOptions, PromiseMemory } from "@keepsake/core"
import { fields } from "@keepsake/core/driver"
import { randomUUID } from "node:crypto"
import { cleanText } from "../cleanText.ts"
import { EchoFilter } from "../conversation/EchoFilter.ts"
import type { AgentEvent } from "../events.ts"
import { callback, contextOptions, positiveInteger, readOrThrow } from "../inputFields.ts"
import { memoryTools, type Provenance } from "../tools/memoryTools.ts"
import { MemoryServer } from "./memoryServer.ts"
import { PromptRecall } from "./PromptRecall.ts"
import { Recorder, type Report } from "./Recorder.ts"
import type { ClaudeAgentFragment, Hook, HookMatcher } from "./sdkTypes.ts"
import { readReplySoFar } from "./transcript.ts"

/** How memory is added to the Claude Agent SDK. */
export interface ClaudeAgentMemoryOptions {
  /** What goes into the memory block, and how large it may be. */
  readonly context?: Omit<ContextOptions, "sessionId"> | undefined
  /** Longest that a prompt waits for its memories, in milliseconds; 500 when absent. */
  readonly promptTimeoutMs?: number | undefined
  /** Called with every degradation, retry and outcome; its errors are ignored. */
  readonly onEvent?: ((event: AgentEvent) => void) | undefined
}

const readOptions = fields.input(
  "options",
  fields.object({
    context: fields.optional(contextOptions),
    promptTimeoutMs: fields.optional(positiveInteger),
    onEvent: fields.optional(callback<(event: AgentEvent) => void>())
  } satisfies fields.Fields<ClaudeAgentMemoryOptions>)
)

/** Longest that the end of an answer waits for the store; later attempts are in the background. */
const STOP_WAIT_MS = 1_500
/** Claude Code ends its process 1.5 seconds after a session. */
const SESSION_END_WAIT_MS = 1_000

/** Prompts that a program wrote: the user did not say them. */
const NOT_THE_USER = new Set(["loop_wakeup", "schedule_wakeup", "system", "poll_event"])

const within = async (work: Promise<unknown>, timeoutMs: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs)
  })
  try {
    await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** A hook of the main conversation, with the longest time it may take; a failure costs neither prompt nor answer. */
const makeMatcher = (timeout: number, report: Report, hook: Hook): Array<HookMatcher> => {
  const failSoft: Hook = async (input, toolUseId, options) => {
    if (input.agent_id !== undefined) return {}
    try {
      return await hook(input, toolUseId, options)
    } catch {
      if (options.signal.aborted) return {}
      const message = "memory failed in an unexpected way"
      const degradation = { stage: "write", part: "write", reason: "Unexpected", message } as const
      report(input.session_id, { type: "degraded", degradation })
      return {}
    }
  }
  return [{ hooks: [failSoft], timeout }]
}

const makeHooks = (
  recorder: Recorder,
  recall: PromptRecall,
  echoFilter: EchoFilter,
  report: Report
): ClaudeAgentFragment["hooks"] => {
  const answer = (sessionId: string, promptId: string | undefined, reply: string): Promise<void> =>
    within(recorder.answer(sessionId, promptId, echoFilter.removeEchoes(cleanText(reply))), STOP_WAIT_MS)

  /** A turn under way is about to lose its text: what the model said last becomes its answer. */
  const keepUnfinished = async (sessionId: string, transcript: string): Promise<void> => {
    const prompt = recorder.unanswered(sessionId)
    if (prompt === undefined) return
    const reply = await readReplySoFar(transcript, prompt.promptId)
    if (reply !== "") await answer(sessionId, prompt.promptId, reply)
  }

  return {
    UserPromptSubmit: makeMatcher(5, report, async (input, _, { signal }) => {
      const { prompt_id: promptId, session_id: sessionId, source = "sdk", transcript_path: path } = input
      const prompt = cleanText(input.prompt ?? "")
      if (prompt.trim() === "" || source === "poll_event") return {}
      try {
        const block = await recall.recall(sessionId, path, prompt, signal)
        if (block === "") return {}
        return { hookSpecificOutput: { hookEventName: "UserPromptSubmit", additionalContext: block } }
      } finally {
        // After recall, which would find the prompt itself.
        if (!NOT_THE_USER.has(source)) recorder.begin(sessionId, promptId ?? randomUUID(), prompt)
      }
    }),
    Stop: makeMatcher(10, report, async (input) => {
      await answer(input.session_id, input.prompt_id, input.last_assistant_message ?? "")
      return {}
    }),
    PreCompact: makeMatcher(10, report, async ({ session_id: sessionId, transcript_path: path }) => {
      recall.compact(sessionId)
      await keepUnfinished(sessionId, path)
      await within(recorder.flush(), STOP_WAIT_MS)
      return {}
    }),
    SessionEnd: makeMatcher(2, report, async ({ session_id: sessionId, transcript_path: path }) => {
      await within(
        keepUnfinished(sessionId, path).then(() => recorder.flush()),
        SESSION_END_WAIT_MS
      )
      recorder.close(sessionId)
      recall.close(sessionId)
      return {}
    })
  }
}

const readProvenance = async (recorder: Recorder): Promise<Provenance> => {
  const prompt = recorder.current()
  if (prompt === undefined) return {}
  await prompt.begun
  const { saidAt, sessionId, turn } = prompt
  return turn === undefined ? { saidAt } : { sessionId, turn, saidAt }
}

/**
 * Memory for the Claude Agent SDK, as a part of the options of `query()`: the memory tools in an in-process MCP
 * server, and the hooks that recall and remember. One fragment serves any number of queries of its user. Throws
 * `InvalidInput` for options that cannot be used.
 *
 * ```ts
 * query({ prompt, options: { ...claudeAgentOptions(memory.for({ userId: "ana" })), model: "claude-sonnet-5-5" } })
 * ```
 */
export const claudeAgentOptions = (
  memory: PromiseMemory,
  options: ClaudeAgentMemoryOptions = {}
): ClaudeAgentFragment => {
  const { context = {}, onEvent, promptTimeoutMs = 500 } = readOrThrow(readOptions(options))
  const { userId } = memory.scope
  const report: Report = (sessionId, event) => {
    try {
      onEvent?.({ userId, sessionId, ...event } as AgentEvent)
    } catch {
      // The listener is the only place to report to.
    }
  }
  const echoFilter = new EchoFilter()
  const recorder = new Recorder(memory, report)
  const recall = new PromptRecall({
    memory,
    context,
    timeoutMs: promptTimeoutMs,
    echoFilter,
    onDegraded: (sessionId, reason, message) =>
      report(sessionId, {
        type: "degraded",
        degradation: { stage: "recall", part: "recall", reason, message }
      })
  })
  const tools = memoryTools(memory, {
    onRecalled: (text, memories) =>
      echoFilter.add(
        text,
        memories.map(({ content }) => content)
      ),
    wasRecalled: (text) => echoFilter.has(text),
    provenance: () => readProvenance(recorder)
  })
  return {
    mcpServers: { keepsake: { type: "sdk", name: "keepsake", instance: new MemoryServer(tools) } },
    allowedTools: ["mcp__keepsake"],
    hooks: makeHooks(recorder, recall, echoFilter, report)
  }
}
