import { type ContextOptions, type ContextPart, MemoryError, type PromiseMemory } from "@keepsake/core"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { EchoFilter } from "../conversation/EchoFilter.ts"
import { readReason } from "../events.ts"
import { readFence } from "../turn/readFence.ts"
import { wasCompacted } from "./transcript.ts"

const SESSIONS_MAX = 1_000

/** What the model of a session has in front of it. */
interface Shown {
  /** Whether the model sees the whole session, so that recall can leave it out. */
  isWhole: boolean
  /** Blocks in the transcript since it was last compacted. */
  readonly blocks: Set<string>
}

export interface PromptRecallOptions {
  readonly memory: PromiseMemory
  readonly context: ContextOptions
  readonly timeoutMs: number
  readonly echoFilter: EchoFilter
  readonly onDegraded: (sessionId: string, reason: string, message: string) => void
}

const TIMED_OUT = { reason: { _tag: "Timeout" } }

/** The profile and the last session stay in the transcript. */
const SHOWN_ONCE: ReadonlyArray<ContextPart> = ["profile", "lastTime"]

/** Recalls for a prompt within a deadline. The block stays in the transcript, so each is shown once. */
export class PromptRecall {
  readonly #options: PromptRecallOptions
  readonly #sessions = new Map<string, Shown>()
  #fence: number

  constructor(options: PromptRecallOptions) {
    this.#options = options
    this.#fence = readFence(options.memory)
  }

  /** The block for a prompt; `""` when there is nothing new to show, or memory fails or is late. */
  async recall(sessionId: string, transcript: string, prompt: string, signal: AbortSignal): Promise<string> {
    const { echoFilter, onDegraded, timeoutMs } = this.#options
    this.#forget()
    const recalled = Effect.tryPromise({
      try: async (stop) => {
        const shown = await this.#open(sessionId, transcript, stop)
        const chosen = this.#choose(sessionId, shown)
        return { shown, block: await this.#options.memory.context(prompt, chosen, { signal: stop }) }
      },
      catch: (error) => error
    }).pipe(Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => Effect.fail(TIMED_OUT) }))
    const result = await Effect.runPromise(Effect.result(recalled), { signal })
    if (Result.isFailure(result)) {
      const reason = readReason(result.failure)
      const late = `memory did not answer within ${timeoutMs} ms`
      const failed = result.failure instanceof MemoryError ? result.failure.message : "memory failed"
      onDegraded(sessionId, reason, `Answered without memories: ${reason === "Timeout" ? late : failed}`)
      return ""
    }
    const { block, shown } = result.success
    for (const { message, reason } of block.degraded ?? []) onDegraded(sessionId, reason, message)
    if (block.text === "" || shown.blocks.has(block.text)) return ""
    shown.blocks.add(block.text)
    echoFilter.add(
      block.text,
      block.items.map(({ memory }) => memory.content)
    )
    return block.text
  }

  /** The blocks are about to leave the transcript, and the beginning of the session with them. */
  compact(sessionId: string): void {
    this.#sessions.set(sessionId, { isWhole: false, blocks: new Set() })
  }

  close(sessionId: string): void {
    this.#sessions.delete(sessionId)
  }

  /** After `forgetAll`, a reply may repeat what was forgotten, and is kept. */
  #forget(): void {
    const fence = readFence(this.#options.memory)
    if (fence === this.#fence) return
    this.#fence = fence
    this.#options.echoFilter.clear()
  }

  async #open(sessionId: string, transcript: string, signal: AbortSignal): Promise<Shown> {
    const shown = this.#sessions.get(sessionId) ?? {
      isWhole: !(await wasCompacted(transcript, signal)),
      blocks: new Set()
    }
    this.#sessions.delete(sessionId)
    this.#sessions.set(sessionId, shown)
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size <= SESSIONS_MAX) break
      this.#sessions.delete(oldest)
    }
    return shown
  }

  #choose(sessionId: string, { blocks, isWhole }: Shown): ContextOptions {
    const { context } = this.#options
    const omitted = blocks.size > 0 ? SHOWN_ONCE : isWhole ? [] : (["lastTime"] as const)
    const omit = Array.from(new Set([...(context.omit ?? []), ...omitted]))
    return { ...context, omit, ...(isWhole ? { sessionId } : {}) }
  }
}
