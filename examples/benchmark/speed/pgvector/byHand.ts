/** The same queries and inserts as a PostgreSQL expert would write them with `pg`, on the same tables. */
import type { MemorySource, MemoryType, Scope } from "@keepsake/core"
import type { SearchHit, StoreRow } from "@keepsake/core/driver"
import type pg from "pg"
import { NOW } from "./memories.ts"

const vectorBytes = (vector: Float32Array): Buffer => {
  const buffer = Buffer.alloc(4 + 4 * vector.length)
  buffer.writeInt16BE(vector.length, 0)
  vector.forEach((value, i) => buffer.writeFloatBE(value, 4 + 4 * i))
  return buffer
}

const vectorArrayBytes = (vectors: ReadonlyArray<Float32Array>, oid: number): Buffer => {
  const head = Buffer.alloc(20)
  head.writeInt32BE(1, 0)
  head.writeInt32BE(oid, 8)
  head.writeInt32BE(vectors.length, 12)
  head.writeInt32BE(1, 16)
  return Buffer.concat([
    head,
    ...vectors.flatMap((vector) => {
      const bytes = vectorBytes(vector)
      const length = Buffer.alloc(4)
      length.writeInt32BE(bytes.length, 0)
      return [length, bytes]
    })
  ])
}

const signed = (ids: Uint32Array): Array<number> => Array.from(ids, (id) => id | 0)

/** What a score reads of a row: no text and no metadata. */
const COLUMNS = `m.id, m.type, m.source, m.speaker, m.session_id, m.turn, m.said_at, m.importance, m.pinned, m.length_1, m.norm_1`

/** A row as the driver returns it: a bigint is text. */
interface FoundRow {
  readonly id: string
  readonly type: MemoryType
  readonly source: MemorySource
  readonly speaker: string | null
  readonly session_id: string | null
  readonly turn: string | null
  readonly said_at: string
  readonly importance: number
  readonly pinned: boolean
  readonly length_1: number
  readonly norm_1: number
  readonly cosine: number
  readonly weights: ReadonlyArray<number> | null
  readonly n: string
  readonly df: ReadonlyArray<string>
}

const numberOrNull = (text: string | null): number | null => (text === null ? null : Number(text))

const toHit = (row: FoundRow, terms: number): SearchHit => ({
  facts: {
    id: row.id,
    type: row.type,
    source: row.source,
    speaker: row.speaker,
    sessionId: row.session_id,
    turn: numberOrNull(row.turn),
    saidAt: Number(row.said_at),
    importance: row.importance,
    pinned: row.pinned
  },
  parts: [
    {
      cosine: row.cosine,
      nearest: 0,
      worded: 0,
      weights: row.weights === null ? new Float32Array(terms) : Float32Array.from(row.weights),
      length: row.length_1,
      norm: row.norm_1
    }
  ]
})

const answer = (rows: ReadonlyArray<FoundRow>, terms: number) => ({
  hits: rows.map((row) => toHit(row, terms)),
  n: Number(rows[0]?.n ?? 0),
  df: rows[0]?.df.map(Number) ?? []
})

/** A scope and its key in the tables. */
export interface TableScope {
  readonly scope: Scope
  readonly key: string
}

/** Returns the same as the store's `search`: both channels, the facts and the evidence of each hit, n and df. */
export const search = async (
  client: pg.Pool,
  schema: string,
  { key }: TableScope,
  query: { readonly vector: Float32Array; readonly terms: Uint32Array; readonly limit: number }
) => {
  const { rows } = await client.query<FoundRow>({
    name: "by_hand_search",
    text: `with n as (select current_count as n from ${schema}.scopes where scope = $1),
df as (
  select t.term, t.place, count(p.id) as df
  from unnest($3::int[]) with ordinality as t (term, place)
  left join ${schema}.postings p on p.scope = $1 and p.term = t.term and p.is_current
  group by t.term, t.place
),
words as (
  select p.id, sum(p.weight_1 * ln(1 + (n - df + 0.5) / (df + 0.5))) as bm25
  from ${schema}.postings p join df using (term) cross join n
  where p.scope = $1 group by p.id
),
by_words as (
  select w.id from words w join ${schema}.memories_2 m on m.scope = $1 and m.id = w.id
  where m.valid_to is null and (m.expires_at is null or m.expires_at > $5)
  order by bm25 desc limit $4
),
by_meaning as (
  select m.id from ${schema}.memories_2 m
  where m.scope = $1 and m.valid_to is null and (m.expires_at is null or m.expires_at > $5)
  order by m.embedding_1 <#> $2 limit $4
)
select ${COLUMNS}, -(m.embedding_1 <#> $2) as cosine,
  case when m.terms_1 && $3::int[] then (
    select array_agg(coalesce(m.weights_1[array_position(m.terms_1, t.term)], 0) order by t.place)
    from unnest($3::int[]) with ordinality as t (term, place)
  ) end as weights,
  (select n from n) as n, (select array_agg(df order by place) from df) as df
from (select id from by_words union select id from by_meaning) hit
join ${schema}.memories_2 m on m.scope = $1 and m.id = hit.id`,
    values: [key, vectorBytes(query.vector), signed(query.terms), query.limit, NOW + 1e9]
  })
  return answer(rows, query.terms.length)
}

/** The vector channel alone: a tutorial's query, plus the scope and its size. */
export const nearest = async (
  client: pg.Pool,
  schema: string,
  { key }: TableScope,
  vector: Float32Array,
  limit: number
) => {
  const { rows } = await client.query<FoundRow>({
    name: "by_hand_nearest",
    text: `select ${COLUMNS}, -(m.embedding_1 <#> $2) as cosine, null::real[] as weights,
  (select current_count from ${schema}.scopes where scope = $1) as n, '{}'::bigint[] as df
from ${schema}.memories_2 m
where m.scope = $1 and m.valid_to is null and (m.expires_at is null or m.expires_at > $4)
order by m.embedding_1 <#> $2 limit $3`,
    values: [key, vectorBytes(vector), limit, NOW + 1e9]
  })
  return answer(rows, 0)
}

/** Creates tables with the same columns and indexes, without triggers. */
export const bareTables = async (client: pg.Pool, schema: string): Promise<void> => {
  await client.query(`create table ${schema}.bare_memories (like ${schema}.memories_2 including all)`)
  await client.query(`create table ${schema}.bare_postings (like ${schema}.postings including all)`)
}

/** Inserts a batch with the same columns; with `postings`, also into the inverted index. */
export const insert = (
  client: pg.Pool,
  schema: string,
  scope: string,
  rows: ReadonlyArray<StoreRow>,
  vectorOid: number,
  postings: boolean
) => {
  const memories = rows.map((row) => row.memory)
  const flat = rows.flatMap(({ memory, passages: [{ terms }] }) =>
    Array.from(terms.ids, (id, i) => [memory.id, id | 0, terms.weights[i] ?? 0] as const)
  )
  const text = `insert into ${schema}.bare_memories (scope, agent_id, user_id, id, said_at, created_at, updated_at, valid_from, turn,
    importance, access_count, pinned, type, source, session_id, content, metadata, past, stated, terms_1, weights_1, length_1, norm_1, embedding_1)
  select $1, $2, $3, r.id, r.said_at, r.said_at, r.said_at, r.said_at, r.turn, r.importance, 0, false, 'episodic', 'user',
    r.session_id, r.content, r.metadata::jsonb, '{}', 'created', r.terms::int[], r.weights::real[], r.length, r.norm, r.embedding
  from unnest($4::uuid[], $5::bigint[], $6::bigint[], $7::float8[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::vector[], $14::int[], $15::real[])
    as r (id, said_at, turn, importance, session_id, content, metadata, terms, weights, embedding, length, norm)`
  const values: Array<unknown> = [
    scope,
    memories[0]?.scope.agentId,
    memories[0]?.scope.userId,
    memories.map((m) => m.id),
    memories.map((m) => m.saidAt),
    memories.map((m) => m.turn),
    memories.map((m) => m.importance),
    memories.map((m) => m.sessionId),
    memories.map((m) => m.content),
    memories.map((m) => JSON.stringify(m.metadata)),
    rows.map(({ passages: [{ terms }] }) => `{${signed(terms.ids).join(",")}}`),
    rows.map(({ passages: [{ terms }] }) => `{${terms.weights.join(",")}}`),
    vectorArrayBytes(
      rows.flatMap(({ passages: [{ vector }] }) => vector ?? []),
      vectorOid
    ),
    rows.map(({ passages: [{ terms }] }) => terms.length),
    rows.map(({ passages: [{ terms }] }) => terms.norm)
  ]
  if (!postings) return client.query({ name: "by_hand_rows", text, values })
  return client.query({
    name: "by_hand_rows_and_postings",
    text: `with added as (${text})
insert into ${schema}.bare_postings (scope, id, term, is_current, weight_1)
select $1, id, term, true, weight from unnest($16::uuid[], $17::int[], $18::real[]) as p (id, term, weight)`,
    values: [
      ...values,
      flat.map(([id]) => id),
      flat.map(([, term]) => term),
      flat.map(([, , weight]) => weight)
    ]
  })
}
