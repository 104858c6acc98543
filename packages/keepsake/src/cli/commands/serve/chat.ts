import { createInterface, type Interface } from "node:readline"
import type { ChatSession } from "@keepsake/agent"
import { MemoryError, Unavailable } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { loadAgent } from "../../../loadPackage.ts"
import { openMemory } from "../../../openMemory.ts"
import { hideSecrets } from "../../../config/hideSecrets.ts"
import { jsonLine, note } from "../../output/print.ts"
import { manyLines, oneLine } from "../../output/text.ts"
import { settings } from "../../root.ts"

const SYSTEM = "You are a helpful assistant. You remember this user between conversations."

/** Prints one turn while it streams; as JSON, a line when it is over. A failure of memory is printed too and does not end the conversation. */
const printTurn = async (
  session: ChatSession,
  message: string,
  json: boolean,
  signal: AbortSignal
): Promise<void> => {
  for await (const event of session.stream(message, { signal })) {
    switch (event.type) {
      case "recalled":
        if (event.recalled.items.length > 0)
          process.stderr.write(`(remembering ${event.recalled.items.length})\n`)
        break
      case "text":
        if (!json) process.stdout.write(manyLines(event.text))
        break
      case "toolStart":
        process.stderr.write(`(${oneLine(event.name)})\n`)
        break
      case "toolEnd":
        break
      case "written":
        break
      case "done":
        process.stdout.write(json ? `${jsonLine({ reply: event.result.text })}\n` : "\n")
        for (const { message: problem } of event.result.degraded)
          process.stderr.write(`(memory: ${oneLine(hideSecrets(problem))})\n`)
    }
  }
}

const showPrompt = (lines: Interface): void => {
  if (process.stdin.isTTY) lines.prompt()
}

/** Reads messages until the input ends or `/exit`. A failed turn does not change the conversation. */
const converse = async (session: ChatSession, json: boolean, signal: AbortSignal): Promise<void> => {
  const lines = createInterface({
    input: process.stdin,
    output: process.stderr,
    prompt: "> ",
    terminal: process.stdin.isTTY
  })
  signal.addEventListener("abort", () => lines.close(), { once: true })
  let lastError: unknown
  showPrompt(lines)
  for await (const line of lines) {
    const message = line.trim()
    if (message === "/exit") break
    if (message !== "") {
      try {
        await printTurn(session, message, json, signal)
        lastError = undefined
      } catch (error) {
        if (signal.aborted) break
        lastError = error
        process.stderr.write(
          `${oneLine(hideSecrets(error instanceof Error ? error.message : String(error)))}\n`
        )
      }
    }
    showPrompt(lines)
  }
  lines.close()
  // A script learns by the exit code that its last message failed.
  if (lastError !== undefined && !process.stdin.isTTY) throw lastError
}

export const chat = Command.make(
  "chat",
  {
    model: Flag.String("model").pipe(
      Flag.withDescription("The Claude model, such as claude-sonnet-5-5; KEEPSAKE_MODEL by default"),
      Flag.optional
    ),
    system: Flag.String("system").pipe(Flag.withDescription("The system prompt"), Flag.withDefault(SYSTEM)),
    session: Flag.String("session").pipe(
      Flag.withDescription("The conversation's name; a new conversation by default"),
      Flag.optional
    ),
    memoryTools: Flag.Boolean("memory-tools").pipe(
      Flag.withDescription("Give the model tools to remember, recall, update and forget"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ memoryTools, model, session, system }) {
    const { config, json, reads, scope } = yield* settings
    const modelName = Option.getOrElse(model, () => process.env["KEEPSAKE_MODEL"] ?? "")
    if (modelName === "")
      return yield* invalidInput("model", "name the model: --model claude-sonnet-5-5, or set KEEPSAKE_MODEL")
    const sessionId = Option.getOrUndefined(session)
    // It takes a third of a second to load: only `chat` needs it.
    const { createAgent } = yield* loadAgent
    yield* note(`Remembering ${scope.userId}. /exit or Ctrl-D ends the conversation; its memories stay.`)
    return yield* Effect.tryPromise({
      try: async (signal) => {
        // Node 22 has no `await using`, and the bundle keeps it.
        const memory = await openMemory(config)
        try {
          const agent = createAgent({
            memory,
            model: modelName,
            system,
            agentId: scope.agentId,
            reads,
            memoryTools
          })
          const session = { userId: scope.userId, ...(sessionId === undefined ? {} : { sessionId }) }
          try {
            await converse(agent.session(session), json, signal)
          } finally {
            await agent.close()
          }
        } finally {
          await memory.close()
        }
      },
      catch: (cause) =>
        cause instanceof MemoryError
          ? cause
          : new MemoryError({
              reason: new Unavailable({
                message: cause instanceof Error ? cause.message : String(cause),
                cause
              })
            })
    })
  })
).pipe(
  Command.withDescription(
    "Talk with Claude, who remembers you between conversations. Needs ANTHROPIC_API_KEY"
  ),
  Command.withExamples([
    { command: "keepsake chat --model claude-sonnet-5-5", description: "Talk; end with Ctrl-D" },
    {
      command: "keepsake chat --model claude-sonnet-5-5 --user ana < questions.txt",
      description: "One message per line"
    }
  ])
)
