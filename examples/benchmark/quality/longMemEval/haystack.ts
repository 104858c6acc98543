import { createHash } from "node:crypto"
import { type Doc, toStatements } from "../EvaluationSet.ts"
import type { Instance, Turn } from "./readInstances.ts"

const DATE = /^(\d{4})\/(\d\d)\/(\d\d)\D+(\d\d):(\d\d)$/u

/** "2023/05/20 (Sat) 02:21" as an ISO date in UTC. */
const toIsoDate = (written: string): string => written.replace(DATE, "$1-$2-$3T$4:$5Z")

/** Names a session by what is said in it too: files give one name to sessions that differ. */
const nameSession = (id: string, turns: ReadonlyArray<Turn>): string =>
  `${id}#${createHash("sha256")
    .update(JSON.stringify(turns.map(({ content, role }) => [role, content])))
    .digest("hex")
    .slice(0, 12)}`

/** A turn is named by its session and its number in it. */
export const nameTurn = (session: string, turn: number): string => `${session}:${turn}`

/** The sessions of an instance by their names, as statements. */
export const toSessions = ({ haystack_dates, haystack_session_ids, haystack_sessions }: Instance) =>
  haystack_sessions.map((turns, i) => {
    const session = nameSession(haystack_session_ids[i] ?? String(i), turns)
    const date = toIsoDate(haystack_dates[i] ?? "")
    return {
      session,
      statements: toStatements(
        turns.map(({ content, role }, turn): Doc => ({
          id: nameTurn(session, turn),
          session,
          speaker: role,
          date,
          text: content
        }))
      )
    }
  })

/** The names of what answers the question. */
export interface Evidence {
  readonly sessions: ReadonlySet<string>
  readonly turns: ReadonlySet<string>
}

export const findEvidence = ({
  answer_session_ids,
  haystack_session_ids,
  haystack_sessions
}: Instance): Evidence => {
  const sessions = new Set<string>()
  const turns = new Set<string>()
  for (const [i, said] of haystack_sessions.entries()) {
    const id = haystack_session_ids[i] ?? String(i)
    const session = nameSession(id, said)
    if (answer_session_ids.includes(id)) sessions.add(session)
    for (const [turn, { has_answer: isEvidence }] of said.entries())
      if (isEvidence === true) turns.add(nameTurn(session, turn))
  }
  return { sessions, turns }
}
