/** Sessions: their last turns, and what is live of them. */
import {
  cutPage,
  type Scope,
  type SessionPage,
  type SessionsRequest,
  toSessionCursor
} from "@keepsake/core/driver"
import { isLive } from "../codec/visibility.ts"
import type { Rows, SqlStatement } from "../connection/Database.ts"
import { Parameters } from "../connection/Parameters.ts"
import type { StatementLayout } from "../schema/EmbeddingColumns.ts"
import { rowBytes } from "../schema/jsonBytes.ts"
import { sessionHashSql } from "../schema/triggers.ts"
import { scopeId } from "../scopeId.ts"

/** One row: the greatest turn, of the rows and of those removed. */
export const lastTurnStatement = (
  { names }: StatementLayout,
  request: { readonly scope: Scope; readonly sessionId: string }
): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(request.scope))}::uuid`
  const session = `${p.add(request.sessionId)}::text`
  return p.statement(
    "last_turn",
    `select greatest(
  (select max(turn) from ${names.table("memories")} where scope = ${key} and session_id = ${session}),
  (select last_turn from ${names.table("session_turns")} where scope = ${key} and session = ${sessionHashSql(key, session)})
)`
  )
}

/** Rows: session, first, last, number of turns, bytes. Selects one beyond the limit, to see whether a page follows. */
export const sessionsStatement = (
  { names }: StatementLayout,
  { after, limit, now, scope }: SessionsRequest
): SqlStatement => {
  const p = new Parameters()
  const key = `${p.add(scopeId(scope))}::uuid`
  const live = isLive(`${p.add(now)}::bigint`)
  let following = ""
  if (after !== undefined) {
    const [at, session] = [`${p.add(after.lastSaidAt)}::bigint`, `${p.add(after.sessionId)}::text`]
    following = `\nhaving max(m.said_at) < ${at} or (max(m.said_at) = ${at} and m.session_id > ${session})`
  }
  return p.statement(
    "sessions",
    `select m.session_id, min(m.said_at), max(m.said_at), count(*), sum(${rowBytes(names, "m")})
from ${names.table("memories")} m
where m.scope = ${key} and m.session_id is not null and ${live}
group by m.session_id${following}
order by max(m.said_at) desc, m.session_id
limit ${p.add(limit + 1)}::bigint`
  )
}

export const decodeSessions = (rows: Rows, { limit }: SessionsRequest): SessionPage => {
  const sessions = rows.map(([sessionId, first, last, turns, bytes]) => ({
    sessionId: String(sessionId),
    firstSaidAt: Number(first),
    lastSaidAt: Number(last),
    turns: Number(turns),
    bytes: Number(bytes)
  }))
  const { next, page } = cutPage(sessions, limit, toSessionCursor)
  return { sessions: page, next }
}
