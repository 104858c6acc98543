import type {
  PutOutcome,
  PutRequest,
  PutResult,
  Restatable,
  Scope,
  StoreRow,
  Superseded
} from "@keepsake/core/driver"
import { encodeRows, hasFormerIds } from "../../codec/memoryRow.ts"
import { encodePassages, PASSAGE_PLACE, toLongTexts } from "../../codec/passages.ts"
import type { Rows, SqlStatement } from "../../connection/Database.ts"
import { encodeTextArray } from "../../connection/parameterCodec.ts"
import { Parameters } from "../../connection/Parameters.ts"
import {
  embeddingColumn,
  lengthColumn,
  normColumn,
  type StatementLayout,
  termsColumn,
  weightsColumn
} from "../../schema/EmbeddingColumns.ts"
import { scopeId } from "../../scopeId.ts"

/** By what `stated` says: `replaced` other content, `paid` and `repaid` by the vectors that were owed. */
const OUTCOMES: ReadonlyMap<unknown, PutOutcome> = new Map([
  ["created", "created"],
  ["replaced", "created"],
  ["refreshed", "refreshed"],
  ["paid", "refreshed"],
  ["reopened", "reopened"],
  ["repaid", "reopened"]
])

const toOutcome = (stated: unknown): PutOutcome => OUTCOMES.get(stated) ?? "conflict"

/** What `stated` says where the row given brings its passages. */
const BRINGS_PASSAGES = "'created', 'replaced', 'paid', 'repaid'"

/** Columns that a statement said again may change, by the fields it names, and what they become. */
const RESTATABLE: ReadonlyArray<readonly [column: string, field: Restatable, value: string]> = [
  ["metadata", "metadata", "excluded.metadata"],
  // Never null, so that the trigger sees the change of a row of the first version, which has no number.
  ["metadata_bytes", "metadata", "coalesce(excluded.metadata_bytes, 0)"],
  ["importance", "importance", "excluded.importance"],
  ["pinned", "pinned", "excluded.pinned"]
]

/** The columns of the key, and those that `restatement` sets by a rule of their own. */
const SPECIAL_COLUMNS = new Set([
  "scope",
  "agent_id",
  "user_id",
  "id",
  "stated",
  "metadata",
  "metadata_bytes",
  "importance",
  "pinned",
  "updated_at",
  "expires_at",
  "valid_from",
  "valid_to",
  "superseded_by",
  "past"
])

/** The columns of a row's passages: kept together, or taken together. */
const passageColumns = ({ space }: StatementLayout): ReadonlySet<string> =>
  new Set([
    "passage_count",
    "lacks_vectors",
    "owed",
    termsColumn(space),
    weightsColumn(space),
    lengthColumn(space),
    normColumn(space),
    embeddingColumn(space)
  ])

/**
 * `restate` of core's `lifetime.ts` for each row: `m` is the stored row, `excluded` the new one. The row's lock is
 * held, so fifty writers of one fact write one row.
 */
const restatement = (
  p: Parameters,
  layout: StatementLayout,
  now: string,
  names: ReadonlyArray<string>,
  rows: ReadonlyArray<StoreRow>
): string => {
  const same = "m.content = excluded.content"
  const pays = "(m.owed is true and excluded.owed is not true)"
  const live = `m.valid_to is null and (m.expires_at is null or m.expires_at > ${now})`
  const ended = `coalesce(m.valid_to, greatest(m.valid_from, coalesce(m.expires_at, ${now})))`
  const reopen = (name: string, reopened: string) =>
    `${name} = case when ${same} then case when ${live} then m.${name} else ${reopened} end else excluded.${name} end`
  const ofPassages = passageColumns(layout)
  const overwritten = (name: string, field: Restatable, value: string) => {
    const ids = rows.flatMap(({ formerIds = [], memory, overwrites = [] }) =>
      overwrites.includes(field) ? [memory.id, ...formerIds] : []
    )
    return `${name} = case when ${same} and m.id <> all (${p.add(encodeTextArray(ids))}::uuid[]) then m.${name} else ${value} end`
  }
  const unchanged = names
    .filter((name) => !SPECIAL_COLUMNS.has(name))
    .map((name) => {
      const stays = ofPassages.has(name) ? `${same} and not ${pays}` : same
      return `${name} = case when ${stays} then m.${name} else excluded.${name} end`
    })
  return [
    `updated_at = case when ${same} then greatest(m.updated_at, excluded.updated_at) else excluded.updated_at end`,
    // `greatest` passes over null, which is the longest lifetime.
    `expires_at = case when ${same} and m.expires_at is null then null when ${same} and excluded.expires_at is not null then greatest(m.expires_at, excluded.expires_at) else excluded.expires_at end`,
    ...RESTATABLE.map(([name, field, value]) => overwritten(name, field, value)),
    reopen("valid_from", `greatest(coalesce(excluded.past[1], excluded.valid_from), ${ended})`),
    reopen("valid_to", "null"),
    reopen("superseded_by", "null"),
    reopen("past", `m.past || array[m.valid_from, ${ended}]`),
    `stated = case when not ${same} then 'replaced'
      when ${pays} then case when ${live} then 'paid' else 'repaid' end
      when ${live} then 'refreshed' else 'reopened' end`,
    ...unchanged
  ].join(",\n    ")
}

/** The id of the row to restate: its own, or else the first former one that the scope has. */
const restatedId = (memories: string, scope: string): string =>
  `coalesce((
      select f.id from unnest(r.id || r.former_ids::uuid[]) with ordinality as possible (id, place)
      join ${memories} f on f.scope = ${scope} and f.id = possible.id
      order by possible.place limit 1
    ), r.id)`

/** `insert … returning id, stated, valid_from, valid_to`; a conflict returns no row. Sorted by id, so that batches cannot deadlock. */
const insertion = (
  p: Parameters,
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly now: number; readonly rows: ReadonlyArray<StoreRow> }
): string => {
  const now = `${p.add(request.now)}::bigint`
  const rows = request.rows.toSorted((a, b) => (a.memory.id < b.memory.id ? -1 : 1))
  const { columns, source } = encodeRows(p, layout, request.scope, rows)
  const names = columns.map(({ name }) => name)
  const memories = layout.names.table("memories")
  const target = hasFormerIds(rows) ? restatedId(memories, `${p.add(scopeId(request.scope))}::uuid`) : "r.id"
  return `insert into ${memories} as m (
    ${names.join(", ")}
  )
  select
    ${columns.map(({ name, value }) => (name === "id" ? target : value)).join(", ")}
  from ${source}${target === "r.id" ? "" : `\n  order by ${names.indexOf("id") + 1}`}
  on conflict (scope, id) do update set
    ${restatement(p, layout, now, names, rows)}
  where m.content = excluded.content or m.expires_at <= ${now}
  returning m.id, m.stated, m.valid_from, m.valid_to`
}

/** The row of `written` that `r` became: its own, or that of the first former id. */
const joinRestated = (p: Parameters, rows: ReadonlyArray<StoreRow>): string => {
  const ids = p.add(encodeTextArray(rows.map(({ memory }) => memory.id)))
  const possible = p.add(
    encodeTextArray(rows.map(({ formerIds = [], memory }) => encodeTextArray([memory.id, ...formerIds])))
  )
  return `join unnest(${ids}::uuid[], ${possible}::text[]) as given (id, possible) on given.id = r.id
  cross join lateral (
    select w.* from unnest(given.possible::uuid[]) with ordinality as o (id, place)
    join written w on w.id = o.id
    order by o.place limit 1
  ) w
  where true`
}

/** The command that adds the passages of long texts to rows that `written` brought; `null` where no text is long. */
const passageInsertion = (
  p: Parameters,
  layout: StatementLayout,
  { rows, scope }: { readonly scope: Scope; readonly rows: ReadonlyArray<StoreRow> }
): string | null => {
  const texts = toLongTexts(scopeId(scope), rows)
  if (texts.length === 0) return null
  const { names, space } = layout
  const { source, values } = encodePassages(p, space, layout.vectorOid, texts)
  const columns = [
    PASSAGE_PLACE,
    termsColumn(space),
    weightsColumn(space),
    lengthColumn(space),
    normColumn(space),
    ...(space.dimensions === null ? [] : [embeddingColumn(space)])
  ]
  const joined = hasFormerIds(rows) ? joinRestated(p, rows) : "join written w on w.id = r.id"
  return `insert into ${names.table("passages")} (scope, id, passage, is_current, ${columns.join(", ")})
  select r.scope, w.id, gen_random_uuid(), w.valid_to is null, ${values.join(", ")}
  from ${source}
  ${joined} and w.stated in (${BRINGS_PASSAGES})`
}

/** SQLSTATE of a put that `whole` forbids: a division by zero undoes the statement. */
export const PUT_REFUSED = "22012"

/** Where rows were written, but not all that `whole` asks for, the statement fails. */
const failUnlessWhole = ({ rows, whole }: PutRequest): string => {
  const counted = whole === "new" ? " where stated in ('created', 'replaced')" : ""
  return whole === undefined
    ? ""
    : `\nwhere 1 / (case when (select count(*) from written${counted}) = ${rows.length} then 1 else 0 end) = 1`
}

/** Rows: id, outcome. A missing id was a conflict. */
export const putStatement = (layout: StatementLayout, request: PutRequest): SqlStatement => {
  const p = new Parameters()
  const insert = insertion(p, layout, request)
  const passages = passageInsertion(p, layout, request)
  if (passages === null && request.whole === undefined) return p.statement("put", insert)
  const cut = passages === null ? "" : `,\ncut as (\n  ${passages}\n)`
  return p.statement(
    "put",
    `with written as (\n  ${insert}\n)${cut}\nselect id, stated from written${failUnlessWhole(request)}`
  )
}

/** In the order of the request. */
export const decodePut = (
  rows: Rows,
  request: { readonly rows: ReadonlyArray<StoreRow> }
): ReadonlyArray<PutResult> => {
  const outcomes = new Map(rows.map((row) => [row[0], row[1]]))
  return request.rows.map(({ formerIds = [], memory }) => {
    const id = [memory.id, ...formerIds].find((possible) => outcomes.has(possible)) ?? memory.id
    return { id, outcome: toOutcome(outcomes.get(id)) }
  })
}

/** One row: the outcome (null for a conflict), whether the old row was closed, the successor's id. */
export const supersedeStatement = (
  layout: StatementLayout,
  request: { readonly scope: Scope; readonly now: number; readonly id: string; readonly row: StoreRow }
): SqlStatement => {
  const p = new Parameters()
  const rows = { ...request, rows: [request.row] }
  const insert = insertion(p, layout, rows)
  const passages = passageInsertion(p, layout, rows)
  const text = `with written as (
  ${insert}
),
${passages === null ? "" : `cut as (\n  ${passages}\n),\n`}closed as (
  update ${layout.names.table("memories")} o set
    valid_to = greatest(s.valid_from, o.valid_from),
    superseded_by = s.id::text,
    updated_at = ${p.add(request.now)}::bigint
  from written s
  where o.scope = ${p.add(scopeId(request.scope))}::uuid and o.id = ${p.add(request.id)}::uuid
    and o.valid_to is null and (o.expires_at is null or o.expires_at > ${p.add(request.now)}::bigint)
  returning 1
)
select (select stated from written), exists (select from closed), (select id from written)`
  return p.statement("supersede", text)
}

export const decodeSupersede = (
  rows: Rows,
  { row: { formerIds = [] } }: { readonly row: StoreRow }
): Superseded => {
  const id = formerIds.find((former) => former === rows[0]?.[2])
  return {
    outcome: toOutcome(rows[0]?.[0]),
    closed: rows[0]?.[1] === true,
    ...(id === undefined ? {} : { id })
  }
}
