import { MemoryError, type PromiseMemory, type Remembered } from "@keepsake/core"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { AgentEvent } from "../events.ts"
import { readFence } from "../turn/readFence.ts"
import type { WriteJob } from "../writing/attemptWrite.ts"
import { rememberExchange, rememberUser } from "../writing/policies/verbatim.ts"
import { makeWriteQueue } from "../writing/WriteQueue.ts"
import type { ExchangeContext, PolicyResult } from "../writing/WritingPolicy.ts"

/** As in the default policy of `createAgent`. */
const REPLY_CODE_POINTS = 500
const REPLY_TTL_DAYS = 90

/** Least recently used beyond these are dropped; what they stored stays. */
const SESSIONS_MAX = 1_000
const PROMPTS_MAX = 8

const QUEUE = { limit: 1_000, attemptTimeoutMs: 30_000 }

/** What the user said, until it is answered and after. */
interface Prompt {
  readonly sessionId: string
  readonly promptId: string
  readonly text: string
  readonly saidAt: number
  readonly fence: number
  /** Another one after a conflict with another process. */
  turn: number | undefined
  isAnswered: boolean
  /** Settles with the first attempt to store it: whether it worked. */
  begun: Promise<boolean>
}

interface Session {
  /** In order; the newest last. */
  readonly prompts: Map<string, Prompt>
  lastTurn: number | undefined
}

export type Report = (
  sessionId: string,
  event: AgentEvent extends infer Event
    ? Event extends unknown
      ? Omit<Event, "userId" | "sessionId">
      : never
    : never
) => void

const dropOldest = (map: Map<string, unknown>, max: number): void => {
  for (const key of map.keys()) {
    if (map.size <= max) return
    map.delete(key)
  }
}

/** Cut between words: half a secret would pass the application's hook. */
const cutReply = (reply: string): string => {
  const points = Array.from(reply)
  if (points.length <= REPLY_CODE_POINTS) return reply
  const start = points.slice(0, REPLY_CODE_POINTS).join("")
  return start.replace(/\s+\S*$/u, "")
}

const isConflict = (error: unknown): boolean =>
  error instanceof MemoryError && error.reason._tag === "Conflict"

/** Stores prompts when they are made and replies when they end, in the background and with retries. */
export class Recorder {
  readonly #memory: PromiseMemory
  readonly #report: Report
  readonly #queue = Effect.runSync(Scope.provide(makeWriteQueue(QUEUE), Scope.makeUnsafe()))
  readonly #sessions = new Map<string, Session>()

  constructor(memory: PromiseMemory, report: Report) {
    this.#memory = memory
    this.#report = report
  }

  /** Stores a prompt. */
  begin(sessionId: string, promptId: string, text: string): void {
    const prompt: Prompt = {
      sessionId,
      promptId,
      text,
      saidAt: Date.now(),
      fence: readFence(this.#memory),
      turn: undefined,
      isAnswered: false,
      begun: Promise.resolve(true)
    }
    const session = this.#open(sessionId)
    session.prompts.set(promptId, prompt)
    dropOldest(session.prompts, PROMPTS_MAX)
    prompt.begun = this.#submit(prompt, "", true, this.#atTurn(prompt, rememberUser))
  }

  /** Stores the reply to a prompt; resolves with the first attempt. A second reply is a statement beside the first. */
  async answer(sessionId: string, promptId: string | undefined, reply: string): Promise<void> {
    const prompt = this.#find(sessionId, promptId)
    if (prompt === undefined || prompt.isAnswered) {
      if (reply.trim() !== "") await this.#addReply(sessionId, prompt, reply)
      return
    }
    prompt.isAnswered = true
    const written = this.#submit(
      prompt,
      reply,
      false,
      this.#atTurn(prompt, (context) => rememberExchange(context, reply))
    )
    // The reply waits behind a prompt that is being retried.
    if (await prompt.begun) await written
  }

  /** The prompt of a session that has no reply yet. */
  unanswered(sessionId: string): Prompt | undefined {
    const last = Array.from(this.#sessions.get(sessionId)?.prompts.values() ?? []).at(-1)
    return last?.isAnswered === false ? last : undefined
  }

  /** The one prompt under way over all sessions, which a tool call belongs to; `undefined` if there are several. */
  current(): Prompt | undefined {
    const prompts = Array.from(this.#sessions.keys()).flatMap((id) => this.unanswered(id) ?? [])
    return prompts.length === 1 ? prompts[0] : undefined
  }

  close(sessionId: string): void {
    this.#sessions.delete(sessionId)
  }

  flush(): Promise<void> {
    return Effect.runPromise(this.#queue.flush)
  }

  #open(sessionId: string): Session {
    const session = this.#sessions.get(sessionId) ?? { prompts: new Map(), lastTurn: undefined }
    this.#sessions.delete(sessionId)
    this.#sessions.set(sessionId, session)
    dropOldest(this.#sessions, SESSIONS_MAX)
    return session
  }

  #find(sessionId: string, promptId: string | undefined): Prompt | undefined {
    return promptId === undefined
      ? this.unanswered(sessionId)
      : this.#sessions.get(sessionId)?.prompts.get(promptId)
  }

  /** Leaves a turn for the reply to the prompt before. */
  async #takeTurn({ sessionId }: Prompt, signal: AbortSignal): Promise<number> {
    const session = this.#open(sessionId)
    const next = await this.#memory.nextTurn(sessionId, { signal })
    session.lastTurn = Math.max(next, session.lastTurn === undefined ? 0 : session.lastTurn + 2)
    return session.lastTurn
  }

  #atTurn(
    prompt: Prompt,
    write: (context: ExchangeContext) => Promise<PolicyResult>
  ): (signal: AbortSignal) => Promise<PolicyResult> {
    return async (signal) => {
      const { fence, saidAt, sessionId, text: user } = prompt
      const turn = (prompt.turn ??= await this.#takeTurn(prompt, signal))
      try {
        const memory = this.#memory
        return await write({ fence, memory, saidAt, sessionId, signal, speaker: undefined, turn, user })
      } catch (error) {
        if (isConflict(error)) prompt.turn = undefined
        throw error
      }
    }
  }

  #addReply(sessionId: string, prompt: Prompt | undefined, reply: string): Promise<boolean> {
    const fence = prompt?.fence ?? readFence(this.#memory)
    const saidAt = Date.now()
    const job = prompt ?? { sessionId, text: "", fence }
    return this.#submit(job, reply, false, async (signal) => {
      const turn = prompt?.turn === undefined ? undefined : prompt.turn + 1
      const statement = { content: cutReply(reply), source: "assistant", sessionId, turn, saidAt } as const
      const remembered: Remembered = await this.#memory.remember(
        { ...statement, ttlDays: REPLY_TTL_DAYS },
        { fence },
        { signal }
      )
      return { memories: [remembered] }
    })
  }

  /** Queues a write behind those of its session; resolves with its first attempt: whether it worked. */
  #submit(
    { fence, sessionId, text }: Pick<Prompt, "fence" | "sessionId" | "text">,
    reply: string,
    isBegin: boolean,
    run: (signal: AbortSignal) => Promise<PolicyResult>
  ): Promise<boolean> {
    return new Promise((resolve) => {
      const { userId } = this.#memory.scope
      const job: WriteJob = {
        exchange: { userId, sessionId, user: text, assistant: reply },
        policy: "verbatim",
        isBegin,
        queueKey: sessionId,
        run,
        isVoid: () => readFence(this.#memory) !== fence,
        onRetry: (attempt, error) => {
          resolve(false)
          this.#report(sessionId, { type: "writeRetry", policy: "verbatim", attempt, error })
        },
        onOutcome: (outcome) => {
          resolve(outcome.status !== "failed")
          // The outcome of the exchange follows that of its prompt.
          if (!isBegin || outcome.status === "failed") this.#report(sessionId, { type: "written", outcome })
        }
      }
      Effect.runFork(this.#queue.submit(job))
    })
  }
}
