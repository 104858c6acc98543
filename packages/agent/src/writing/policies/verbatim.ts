import { MemoryError, type Remembered, type Statement, STATEMENT_LIMITS, turnKey } from "@keepsake/core"
import { memoryIdOfKey } from "@keepsake/core/driver"
import type { ExchangeContext, PolicyResult, WritingPolicy } from "../WritingPolicy.ts"

/** How a policy writes. */
export interface PolicyOptions {
  /** Whether `send` waits for the write; each policy has its own default. */
  readonly awaited?: boolean | undefined
}

/** Parts of a text that is longer than one memory; none of them ends within a character. */
const splitText = (text: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + STATEMENT_LIMITS.content)
    const isWithinPair = end < text.length && /[\ud800-\udbff]/u.test(text.charAt(end - 1))
    if (isWithinPair) end -= 1
    parts.push(text.slice(start, end))
    start = end
  }
  return parts.filter((part) => part.trim() !== "")
}

/** The key of a part: that of the turn for the first. */
const toKey = ({ sessionId, turn }: ExchangeContext, part: number): string =>
  part === 0 ? turnKey(sessionId, turn) : JSON.stringify(["part", sessionId, turn, part])

const toStatement = (context: ExchangeContext, content: string, part: number): Statement => {
  const { saidAt, sessionId, speaker = null, turn } = context
  return { content, source: "user", speaker, sessionId, turn, saidAt, key: toKey(context, part) }
}

/** What is beyond the first part, with keys of its own. */
const keepParts = async (
  context: ExchangeContext,
  parts: ReadonlyArray<string>
): Promise<ReadonlyArray<Remembered>> => {
  if (parts.length <= 1) return []
  const { fence, memory, signal } = context
  const statements = parts.slice(1).map((content, i) => ({
    ...toStatement(context, content, i + 1),
    metadata: { part: i + 2, parts: parts.length }
  }))
  return memory.rememberMany(statements, { fence }, { signal })
}

/** Stores the user's text as the exchange will, so that the exchange only adds the reply. */
export const rememberUser = async (context: ExchangeContext): Promise<PolicyResult> => {
  const { fence, memory, signal, user } = context
  const parts = splitText(user)
  const first = await memory.remember(toStatement(context, parts[0] ?? user, 0), { fence }, { signal })
  return { memories: [first, ...(await keepParts(context, parts))] }
}

/** Removes what `rememberUser` stored, once something better is. */
export const forgetUser = async (context: ExchangeContext): Promise<void> => {
  const { memory, signal, user } = context
  const ids = splitText(user).map((_, part) => memoryIdOfKey(memory.scope, toKey(context, part)))
  if (ids.length > 0) await memory.forget(ids, {}, { signal })
}

/** Removes what `rememberUser` stored, unless the turn is another process's. */
const forgetOwnUser = async (context: ExchangeContext): Promise<void> => {
  const { memory, signal, user } = context
  const row = await memory.get(memoryIdOfKey(memory.scope, toKey(context, 0)), { signal })
  if (row?.content === (splitText(user)[0] ?? "").normalize("NFC")) await forgetUser(context)
}

/** Stores both sides of an exchange, as core does. */
export const rememberExchange = async (
  context: ExchangeContext,
  assistant: string
): Promise<PolicyResult> => {
  const { fence, memory, saidAt, sessionId, signal, speaker, turn, user } = context
  const parts = splitText(user)
  const exchange = { user: parts[0] ?? user, assistant, sessionId, turn, saidAt, speaker }
  try {
    const stored = await memory.rememberExchange(exchange, { fence }, { signal })
    return { memories: [...stored, ...(await keepParts(context, parts))] }
  } catch (error) {
    // Another process took the answer's turn. The exchange gets another one, and its words are not to be there twice.
    if (error instanceof MemoryError && error.reason._tag === "Conflict") await forgetOwnUser(context)
    throw error
  }
}

/** The default: the user's whole text without expiry, and the reply's first 500 code points for 90 days; both episodic. */
export const verbatim = ({ awaited = true }: PolicyOptions = {}): WritingPolicy => ({
  name: "verbatim",
  awaited,
  begin: rememberUser,
  write: (context) => rememberExchange(context, context.assistant)
})

/** Like `verbatim`, with the reply's first paragraph only. */
export const firstParagraph = ({ awaited = true }: PolicyOptions = {}): WritingPolicy => ({
  name: "firstParagraph",
  awaited,
  begin: rememberUser,
  write: (context) => rememberExchange(context, context.assistant.trimStart().split(/\n\s*\n/)[0] ?? "")
})
