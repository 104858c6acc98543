import type { Entry, EntryInput } from "@keepsake/core"
import { STORE_LIMITS } from "@keepsake/core/driver"
import {
  cleanExchange,
  findHistoryProblem,
  type HistoryEntry,
  type MessageParam,
  toBlocks
} from "./history.ts"

/** The kind of the store's entries that hold a session's history. */
export const HISTORY_KIND = "history"

/** What an entry says of its exchange beside the message. */
export interface ExchangeMark {
  readonly exchangeId: string
  /** The user's turn; with the first message. */
  readonly turn?: number | undefined
  /** Identifies the user's message; with the first message. */
  readonly key?: string | undefined
  /** The exchange of which this one takes the place; with the first message. */
  readonly replaces?: string | undefined
  /** With the last message. */
  readonly end: "answered" | "brokenOff"
}

/** One message of an exchange, or a part of a long one, as an entry holds it. */
interface EntryBody extends Partial<ExchangeMark> {
  readonly exchangeId: string
  readonly version: 1
  /** The place of the message in its exchange. */
  readonly index: number
  /** Parts that are still to come. */
  readonly partsLeft: number
  readonly role: MessageParam["role"]
  /** The content as JSON, or a part of it. */
  readonly json: string
}

/** An exchange as the store has it. */
export interface KeptExchange {
  readonly exchangeId: string
  readonly entry: HistoryEntry
  readonly turn: number | undefined
  readonly key: string | undefined
  readonly isBrokenOff: boolean
  readonly replaces: string | undefined
  /** The number of its first entry; `undefined` for one that the store has as a memory only. */
  readonly firstNumber: number | undefined
}

/** Leaves room for the frame of an entry, and for the escapes of JSON within JSON. */
const PART_CHARACTERS = Math.floor(STORE_LIMITS.entryCharacters / 2.5)
/** Parts of one message; the content of a longer one is described. */
const PARTS_MAX = 16

const splitJson = (json: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  for (let start = 0; start < json.length;) {
    let end = Math.min(json.length, start + PART_CHARACTERS)
    if (end < json.length && /[\ud800-\udbff]/u.test(json.charAt(end - 1))) end -= 1
    parts.push(json.slice(start, end))
    start = end
  }
  return parts
}

const LEFT_OUT = "[Left out: too long to keep.]"

/** The content as JSON. Of a message that is too long, the longest blocks are left out. */
const toJson = (message: MessageParam): string => {
  const blocks = Array.from(toBlocks(message))
  let json = JSON.stringify(blocks)
  const bySize = blocks
    .map((block, i) => ({ i, size: JSON.stringify(block).length }))
    .toSorted((a, b) => b.size - a.size)
  for (const { i } of bySize) {
    if (json.length <= PART_CHARACTERS * PARTS_MAX) break
    const block = blocks[i]
    blocks[i] =
      block?.type === "tool_result"
        ? { type: "tool_result", tool_use_id: block.tool_use_id, content: LEFT_OUT }
        : { type: "text", text: LEFT_OUT }
    json = JSON.stringify(blocks)
  }
  return json
}

const toSource = (message: MessageParam): "user" | "assistant" | "tool" => {
  if (message.role === "assistant") return "assistant"
  return toBlocks(message).some(({ type }) => type === "tool_result") ? "tool" : "user"
}

/** Messages of an exchange as entries, without their numbers. */
export const toEntries = (
  sessionId: string,
  messages: HistoryEntry,
  { end, exchangeId, ...first }: ExchangeMark
): ReadonlyArray<Omit<EntryInput, "number">> =>
  messages.flatMap((message, i) => {
    const parts = splitJson(toJson(message))
    return parts.map((json, part) => {
      const body: EntryBody = {
        version: 1,
        exchangeId,
        index: i,
        partsLeft: parts.length - 1 - part,
        role: message.role,
        ...(i === 0 && part === 0 ? first : {}),
        ...(i === messages.length - 1 && part === parts.length - 1 ? { end } : {}),
        json
      }
      return { sessionId, kind: HISTORY_KIND, content: JSON.stringify(body), source: toSource(message) }
    })
  })

/** `undefined` for an entry that the application's hook made unreadable. */
const parseBody = ({ content }: Entry): EntryBody | undefined => {
  try {
    const body = JSON.parse(content) as Partial<EntryBody>
    const isBody = body.version === 1 && typeof body.exchangeId === "string" && typeof body.json === "string"
    return isBody ? (body as EntryBody) : undefined
  } catch {
    return undefined
  }
}

interface Collected {
  readonly bodies: Array<EntryBody>
  readonly firstNumber: number
}

const toMessages = (bodies: ReadonlyArray<EntryBody>): HistoryEntry | undefined => {
  const messages: Array<MessageParam> = []
  let json = ""
  for (const { index, json: part, partsLeft, role } of bodies) {
    // An append whose answer was lost may be there twice.
    if (index < messages.length) continue
    if (index > messages.length) return undefined
    json += part
    if (partsLeft > 0) continue
    try {
      messages.push({ role, content: JSON.parse(json) as Array<never> })
    } catch {
      return undefined
    }
    json = ""
  }
  return json === "" ? messages : undefined
}

const toExchange = (
  exchangeId: string,
  { bodies, firstNumber }: Collected,
  breakOff: (entry: HistoryEntry) => HistoryEntry
): ReadonlyArray<KeptExchange> => {
  const messages = toMessages(bodies)
  if (messages === undefined || messages.length === 0) return []
  const end = bodies.at(-1)?.end
  const entry = end === undefined ? breakOff(messages) : cleanExchange(messages)
  if (findHistoryProblem([entry]) !== undefined) return []
  const { key, replaces, turn } = bodies[0] ?? {}
  return [{ exchangeId, entry, key, replaces, turn, firstNumber, isBrokenOff: end !== "answered" }]
}

/**
 * The exchanges of entries in the order of their numbers, without those of which another took the place. `breakOff` ends
 * an exchange whose process ended in the middle.
 */
export const readExchanges = (
  entries: ReadonlyArray<Entry>,
  breakOff: (entry: HistoryEntry) => HistoryEntry
): ReadonlyArray<KeptExchange> => {
  const collected = new Map<string, Collected>()
  for (const entry of entries) {
    const body = parseBody(entry)
    if (body === undefined) continue
    const exchange = collected.get(body.exchangeId)
    if (exchange === undefined) collected.set(body.exchangeId, { bodies: [body], firstNumber: entry.number })
    else exchange.bodies.push(body)
  }
  const exchanges = Array.from(collected, ([id, exchange]) => toExchange(id, exchange, breakOff)).flat()
  const replaced = new Set(exchanges.map(({ replaces }) => replaces))
  return exchanges.filter(({ exchangeId }) => !replaced.has(exchangeId))
}
