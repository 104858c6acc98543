/** The recorded conversation that both sessions use. */
import { readFile } from "node:fs/promises"

interface Turn {
  readonly role: "user" | "assistant"
  readonly text: string
}

interface Script {
  readonly user: string
  readonly sessions: ReadonlyArray<{
    readonly id: string
    readonly date: string
    readonly turns: ReadonlyArray<Turn>
  }>
  readonly followUp: {
    readonly id: string
    readonly questions: ReadonlyArray<{ readonly question: string; readonly expect: ReadonlyArray<string> }>
  }
}

export const readScript = async (): Promise<Script> =>
  JSON.parse(await readFile(new URL("conversation.json", import.meta.url), "utf8")) as Script

const WIDTH = 78

/** Wraps at spaces, with a hanging indent. A word longer than a line is not broken. */
export const wrap = (text: string, indent = "  ", first = indent): string => {
  const lines: Array<string> = []
  let line = first
  for (const word of text.split(/\s+/u)) {
    if (line.trim() !== "" && line.length + word.length + 1 > WIDTH) {
      lines.push(line)
      line = indent
    }
    line += line.endsWith(" ") || line === "" ? word : ` ${word}`
  }
  return [...lines, line].join("\n")
}

export const heading = (text: string): string => `\n${text}\n${"-".repeat(text.length)}`
