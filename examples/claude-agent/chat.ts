import type { ChatSession } from "@keepsake/agent"

export interface Terminal {
  /** The user's input, line by line. */
  readonly lines: AsyncIterable<string>
  readonly print: (text: string) => void
}

const oneLine = (value: unknown): string => JSON.stringify(value).slice(0, 200)

/** Chats until `/quit` or the end of input. Streams replies, and prints recalls, tool calls and memory problems. */
export const chat = async (session: ChatSession, { lines, print }: Terminal): Promise<void> => {
  print("you> ")
  for await (const line of lines) {
    if (line.trim() === "/quit") break
    if (line.trim() !== "") await runTurn(session, line, print)
    print("you> ")
  }
}

const runTurn = async (
  session: ChatSession,
  message: string,
  print: (text: string) => void
): Promise<void> => {
  try {
    for await (const event of session.stream(message)) {
      switch (event.type) {
        case "recalled":
          if (event.recalled.items.length > 0) print(`  [recalled ${event.recalled.items.length} memories]\n`)
          break
        case "text":
          print(event.text)
          break
        case "toolStart":
          print(`\n  [${event.name} ${oneLine(event.input)}]\n`)
          break
        case "toolEnd":
          if (event.isError) print(`  [${event.name}: ${event.output}]\n`)
          break
        case "written":
          break
        case "done":
          for (const { message: problem } of event.result.degraded) print(`\n  [memory: ${problem}]`)
          print("\n")
          break
      }
    }
  } catch (error) {
    // A failed turn leaves the session unchanged, so the user can send the message again.
    print(`\n  [${error instanceof Error ? error.message : String(error)}]\n`)
  }
}
