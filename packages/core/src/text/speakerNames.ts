/**
 * Names of the people who talk. Who said it is a feature of its own and drowns the meaning of a text: on
 * LoCoMo all-MiniLM-L6-v2 alone finds 59 % with the names out of the query, 30 % with them in.
 */
import type { Memory, MemorySource } from "../memory/Memory.ts"
import { STOP_WORDS } from "./tokenise.ts"

/** What a message's author is called when it is no person, and what that makes it. */
const ROLES: ReadonlyMap<string, MemorySource> = new Map([
  ["user", "user"],
  ["human", "user"],
  ["assistant", "assistant"],
  ["ai", "assistant"],
  ["model", "assistant"],
  ["bot", "assistant"],
  ["system", "system"],
  ["tool", "tool"]
])

const roleNamed = (speaker: string): MemorySource | undefined => ROLES.get(speaker.trim().toLowerCase())

/** Whether the speaker is a name; a role says no more than the memory's source. */
export const isName = (speaker: string | null): speaker is string =>
  speaker !== null && roleNamed(speaker) === undefined

/** Whose words they are. A role given as the speaker is taken at its word, since `source` may be the default. */
export const sourceOf = ({ source, speaker }: Pick<Memory, "source" | "speaker">): MemorySource =>
  (speaker === null ? undefined : roleNamed(speaker)) ?? source

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/gu, "\\$&")

/** The whole name, and its first word when that is not all of it. */
const formsOf = (name: string): ReadonlyArray<string> => {
  const [first = ""] = name.trim().split(/\s+/u)
  return first.length < 2 || first === name ? [name.trim()] : [name.trim(), first]
}

/**
 * Spelled as it is, so that "will" stays a verb where Will talks; in a query all in small letters also in
 * small letters, unless it is an everyday word.
 */
const patternOf = (name: string, query: string): RegExp => {
  const small = query === query.toLowerCase()
  const forms = formsOf(name).flatMap((form) => {
    const lower = form.toLowerCase()
    return small && !STOP_WORDS.has(lower) ? [form, lower] : [form]
  })
  return new RegExp(
    `(?<![\\p{L}\\p{N}_])(?:${forms.map(escaped).join("|")})(?:['\u2019]s)?(?![\\p{L}\\p{N}_])`,
    "gu"
  )
}

export interface NamedQuery {
  /** The query without the names; the query as it was where nothing else would be left. */
  readonly text: string
  /** The speakers that the query names. */
  readonly named: ReadonlyArray<string>
}

/** Takes the scope's speakers out of a query. */
export const withoutNames = (query: string, speakers: ReadonlyArray<string>): NamedQuery => {
  const named: Array<string> = []
  const lower = query.toLowerCase()
  let text = query
  for (const speaker of speakers) {
    // Most names are not in the question; a pattern is made only for those that may be.
    if (!isName(speaker) || !lower.includes((formsOf(speaker).at(-1) ?? speaker).toLowerCase())) continue
    const pattern = patternOf(speaker, query)
    if (!pattern.test(query)) continue
    named.push(speaker)
    text = text.replaceAll(pattern, " ")
  }
  if (named.length === 0) return { text: query, named }
  const rest = text.replaceAll(/\s+/gu, " ").trim()
  return { text: /[\p{L}\p{N}]/u.test(rest) ? rest : query, named }
}
