/** LongMemEval's published files, read an instance at a time: the largest is longer than a string may be. */
import { createReadStream } from "node:fs"

export interface Turn {
  readonly role: string
  readonly content: string
  readonly has_answer?: boolean
}

/** One question, and the conversations that it is asked of. */
export interface Instance {
  readonly question_id: string
  readonly question_type: string
  readonly question: string
  readonly haystack_dates: ReadonlyArray<string>
  readonly haystack_session_ids: ReadonlyArray<string>
  readonly haystack_sessions: ReadonlyArray<ReadonlyArray<Turn>>
  readonly answer_session_ids: ReadonlyArray<string>
}

const [QUOTE, ESCAPE, OPEN, CLOSE] = [0x22, 0x5c, 0x7b, 0x7d]

const isInstance = (value: unknown): value is Instance =>
  typeof value === "object" &&
  value !== null &&
  ["haystack_dates", "haystack_session_ids", "haystack_sessions", "answer_session_ids"].every((field) =>
    Array.isArray((value as Record<string, unknown>)[field])
  ) &&
  ["question_id", "question_type", "question"].every(
    (field) => typeof (value as Record<string, unknown>)[field] === "string"
  )

const toInstance = (text: string, file: string): Instance => {
  const value: unknown = JSON.parse(text)
  if (!isInstance(value))
    throw new Error(`${file} is not LongMemEval's: an instance lacks its question or its haystack`)
  return value
}

/** The objects of a JSON array of objects. */
export const readInstances = async function* (file: string): AsyncGenerator<Instance> {
  let depth = 0
  let inText = false
  let isEscaped = false
  let parts: Array<Buffer> = []
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]
      if (inText) {
        if (isEscaped) isEscaped = false
        else if (byte === ESCAPE) isEscaped = true
        else if (byte === QUOTE) inText = false
      } else if (byte === QUOTE) inText = true
      else if (byte === OPEN) {
        if (depth === 0) from = at
        depth += 1
      } else if (byte === CLOSE) {
        depth -= 1
        if (depth > 0) continue
        parts.push(chunk.subarray(from, at + 1))
        yield toInstance(Buffer.concat(parts).toString("utf8"), file)
        parts = []
      }
    }
    if (depth > 0) parts.push(chunk.subarray(from))
  }
  if (depth > 0) throw new Error(`${file} ends within an instance`)
}
