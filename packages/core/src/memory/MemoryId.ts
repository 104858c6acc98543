import { hash } from "node:crypto"
import type { Memory } from "./Memory.ts"
import type { Scope } from "./Scope.ts"
import { toPlainSpelling } from "./spelling.ts"

/** The namespace of Keepsake's ids: UUIDv5 of the URL namespace and "https://keepsake.dev/memory". */
const NAMESPACE = Buffer.from("b48ca15988d95a29b8aac391d5a30189", "hex")

/** Bytes of a UTF-16 code unit in UTF-8, at most. */
const UTF8_MAX = 3

/** Namespace and name, for the texts that most memories are: a buffer for each takes as long as its hash. */
const shortName = Buffer.alloc(4_096)
NAMESPACE.copy(shortName)

const hashName = (name: string): string => {
  if (NAMESPACE.length + name.length * UTF8_MAX > shortName.length)
    return hash("sha1", Buffer.concat([NAMESPACE, Buffer.from(name)]))
  const length = NAMESPACE.length + shortName.write(name, NAMESPACE.length)
  return hash("sha1", shortName.subarray(0, length))
}

/** UUIDv5 (RFC 9562 §5.5): SHA-1 over namespace and name, version and variant set. */
const uuidV5 = (name: string): string => {
  const hex = hashName(name)
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** The id under a caller's key: the same key in the same scope names the same memory. */
export const memoryIdOfKey = (scope: Scope, key: string): string =>
  uuidV5(JSON.stringify([1, scope.agentId, scope.userId, "key", key]))

type StatementIdentity = Pick<Memory, "source" | "speaker" | "type" | "content">

const hashStatement = (
  version: 1 | 2,
  { agentId, userId }: Scope,
  { source, speaker, type }: StatementIdentity,
  text: string
): string => uuidV5(JSON.stringify([version, agentId, userId, "text", source, speaker, type, text]))

/**
 * The id of a statement: the same text by the same speaker in the same scope has the same id on every backend,
 * which is not asked. Other spacing, closing marks or capitals at the beginning make the same id; see
 * `toPlainSpelling`.
 */
export const memoryIdOfText = (scope: Scope, statement: StatementIdentity): string =>
  hashStatement(2, scope, statement, toPlainSpelling(statement.content))

/** The id that the first version gave this text, when each spelling had its own. Rows of that time keep it. */
export const formerIdOfText = (scope: Scope, statement: StatementIdentity): string =>
  hashStatement(1, scope, statement, statement.content.normalize("NFC"))

const withCapital = (text: string): string => {
  const first = String.fromCodePoint(text.codePointAt(0) ?? 0)
  return first.toUpperCase() + text.slice(first.length)
}

/** The ids that the first version gave a statement: of this text first, then of the spellings that are most used. */
export const formerIdsOfText = (scope: Scope, statement: StatementIdentity): ReadonlyArray<string> => {
  const plain = toPlainSpelling(statement.content)
  const capital = withCapital(plain)
  const spellings = new Set([statement.content.normalize("NFC"), `${capital}.`, capital])
  return Array.from(spellings, (text) => hashStatement(1, scope, statement, text))
}

/** Whether two memories make one statement: in any spelling, unless a key names them. */
export const isSameStatement = (a: StatementIdentity, b: StatementIdentity & Pick<Memory, "key">): boolean =>
  a.content === b.content ||
  (b.key === null &&
    a.source === b.source &&
    a.speaker === b.speaker &&
    a.type === b.type &&
    toPlainSpelling(a.content) === toPlainSpelling(b.content))

/** Whether the id of a memory is made of its text, now or by the first version. */
export const hasIdOfText = (memory: StatementIdentity & Pick<Memory, "id" | "scope">): boolean =>
  memory.id === memoryIdOfText(memory.scope, memory) || memory.id === formerIdOfText(memory.scope, memory)

const UUID_LENGTH = 36
const DASH = 0x2d

/** Whether a value can be an id: others name no memory and never reach a store. By hand, since hundreds are read in a recall. */
export const isUuid = (id: unknown): id is string => {
  if (typeof id !== "string" || id.length !== UUID_LENGTH) return false
  for (let i = 0; i < UUID_LENGTH; i++) {
    const code = id.charCodeAt(i)
    const isDash = i === 8 || i === 13 || i === 18 || i === 23
    const isHex = (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66)
    if (isDash ? code !== DASH : !isHex) return false
  }
  return true
}

/** The key of a half of an exchange that has a key of the caller's: 0 is the user's, 1 the answer's. */
export const exchangeKey = (key: string, half: number): string => `exchange:${half}:${key}`

/** What tells an exchange that was said at a given time from others. */
export interface Saying {
  readonly sessionId: string
  readonly speaker: string | null
  readonly saidAt: number
  /** As they are kept. */
  readonly texts: ReadonlyArray<string>
}

/** The key of a half of an exchange that was said at a given time, in a digest that says nothing of the texts. */
export const sayingKey = ({ saidAt, sessionId, speaker, texts }: Saying, half: number): string =>
  `said:${half}:${hash("sha256", JSON.stringify([1, sessionId, speaker, saidAt, texts]))}`

/** The idempotency key of a turn, for writers of conversations: "Thanks!" said twice is two turns. */
export const turnKey = (sessionId: string, turn: number): string => JSON.stringify(["turn", sessionId, turn])
