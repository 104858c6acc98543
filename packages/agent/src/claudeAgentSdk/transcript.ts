import { open, readFile, stat } from "node:fs/promises"

/** Longer transcripts are not searched: they have been compacted. */
const SEARCHED_BYTES = 2 ** 26
/** Read from the end for the turn under way. */
const TAIL_BYTES = 2 ** 22

const BOUNDARY = '"subtype":"compact_boundary"'

/** Whether the transcript was compacted, so that the model no longer sees all of it. False for a new session. */
export const wasCompacted = async (path: string, signal: AbortSignal): Promise<boolean> => {
  const size = await stat(path).then(
    (file) => file.size,
    () => 0
  )
  if (size === 0) return false
  return size > SEARCHED_BYTES || (await readFile(path, { signal })).includes(BOUNDARY)
}

const readTail = async (path: string): Promise<string> => {
  const file = await open(path, "r")
  try {
    const { size } = await file.stat()
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES))
    const { bytesRead } = await file.read(bytes, 0, bytes.length, size - bytes.length)
    return bytes.toString("utf8", 0, bytesRead)
  } finally {
    await file.close()
  }
}

interface Row {
  readonly type?: string
  readonly isSidechain?: boolean
  readonly promptId?: string
  readonly message?: { readonly content?: string | ReadonlyArray<{ readonly text?: string }> }
}

/** The first line of a tail may be half a row, and the last may still be written. */
const parseRow = (line: string): Row => {
  try {
    return (JSON.parse(line) ?? {}) as Row
  } catch {
    return {}
  }
}

const toText = ({ message }: Row): string => {
  const content = message?.content ?? ""
  return typeof content === "string" ? content : content.map(({ text = "" }) => text).join("")
}

/** The model's last text since the prompt; `""` if there is none or the transcript cannot be read. */
export const readReplySoFar = async (path: string, promptId: string): Promise<string> => {
  const rows = (await readTail(path).catch(() => "")).split("\n").map(parseRow)
  const start = rows.findIndex((row) => row.type === "user" && row.promptId === promptId)
  if (start < 0) return ""
  const texts = rows
    .slice(start)
    .filter((row) => row.type === "assistant" && row.isSidechain !== true)
    .map(toText)
  return texts.findLast((text) => text.trim() !== "") ?? ""
}
