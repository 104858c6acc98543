/** Erasing for certain: the tables are rewritten, then the server is asked what remains. */
import { type ErasedPlace, type Erasure, toErasure } from "@keepsake/core/driver"
import type { DbSession } from "../connection/Database.ts"
import type { Identifiers } from "../schema/identifiers.ts"
import { countDeadRows, countOldFiles, findFiles, measureLog, type WriteAheadLog } from "./remains.ts"
import { clearSamples, countSamples } from "./samples.ts"

/** What was found after the tables were rewritten. Null: the server does not show it to this role. */
export interface Remains {
  /** Files of tables, TOAST tables and indexes, and how many of them are new. */
  readonly files: { readonly all: number; readonly rewritten: number }
  /** Former files that still hold bytes. */
  readonly oldFiles: number | null
  /** Deleted rows that are in the tables, since a session or a replication slot from before can still see them. */
  readonly deadRows: number | null
  /** Values in the planner's statistics that no row has. */
  readonly samples: number | null
  readonly log: WriteAheadLog
}

/** The places `rows`, `log` and `statistics`; `erased` only where nothing was found. */
export interface MeasuredErasure extends Erasure {
  readonly remains: Remains
}

/** Tables that hold text of memories, or data derived from it. */
const TABLES_WITH_TEXT = [
  "memories",
  "passages",
  "postings",
  "accesses",
  "stage",
  "stage_passages",
  "scopes",
  "session_turns",
  "entries"
] as const

const toPlace = (place: ErasedPlace["place"], problems: ReadonlyArray<string>): ErasedPlace => ({
  place,
  bytes: problems.length === 0 ? "erased" : "unlinked",
  toErase: problems.join(" ")
})

const findRowProblems = ({ deadRows, files, oldFiles }: Remains): ReadonlyArray<string> => [
  ...(files.rewritten < files.all
    ? [`${files.all - files.rewritten} files of tables and indexes were not rewritten: erase again.`]
    : []),
  ...(deadRows === null
    ? [
        "Whether deleted rows are left could not be measured (the server counts nothing: track_counts is off)."
      ]
    : deadRows > 0
      ? [
          `${deadRows} deleted rows stay in the tables, since a transaction, a prepared transaction or a replication slot from before may see them: end it (pg_stat_activity, pg_prepared_xacts, pg_replication_slots), then erase again.`
        ]
      : []),
  ...(oldFiles === null
    ? [
        "Whether the former files are gone could not be measured: they are emptied at once and go with the next checkpoint (a role of pg_read_server_files measures it)."
      ]
    : oldFiles > 0
      ? [`${oldFiles} former files still hold bytes: run \`checkpoint\`, then erase again.`]
      : [])
]

const findSampleProblems = ({ samples }: Remains, tables: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (samples === 0) return []
  const toClear = `a superuser's \`delete from pg_statistic where starelid in (${tables.map((table) => `'${table}'::regclass`).join(", ")})\` empties them`
  return [
    samples === null
      ? `What the planner's statistics hold could not be measured: row-level security hides them from this role; ${toClear}.`
      : `${samples} values in the planner's statistics are of no row; ${toClear}.`
  ]
}

const describeLog = ({ archives, bytes, replicas, slots }: WriteAheadLog): string =>
  [
    bytes === null
      ? "The write-ahead log holds deleted rows until it is recycled; how much of it there is could not be measured (a role of pg_monitor measures it)."
      : `The write-ahead log holds deleted rows until it is recycled: ${Math.round(bytes / 1e6)} MB of it are there.`,
    `${replicas} replicas, ${slots} replication slots and ${archives ? "an archive" : "no archive"} take it in; what these and backups hold cannot be measured from here.`
  ].join(" ")

/** Rewrites the tables, which are locked meanwhile, then looks for what is left. */
export const eraseBytes = async (session: DbSession, names: Identifiers): Promise<MeasuredErasure> => {
  const tables = TABLES_WITH_TEXT.map((table) => names.table(table))
  // Row-level security shows all scopes; the session is not used again.
  await session.execute("set statement_timeout = 0; set keepsake.scope = 'all'")
  const before = await findFiles(session, tables)
  for (const table of tables) await session.execute(`vacuum (full, analyze) ${table}`)
  await clearSamples(session, tables)
  await session.execute("checkpoint").catch(() => undefined)
  const after = await findFiles(session, tables)
  const remains: Remains = {
    files: {
      all: after.size,
      rewritten: Array.from(after).filter(([oid, path]) => before.get(oid) !== path).length
    },
    oldFiles: await countOldFiles(session, before, after),
    deadRows: await countDeadRows(session, tables),
    samples: await countSamples(session, tables),
    log: await measureLog(session)
  }
  const places = [
    toPlace("rows", findRowProblems(remains)),
    toPlace("log", [describeLog(remains.log)]),
    toPlace("statistics", findSampleProblems(remains, tables))
  ]
  return { ...toErasure(places), remains }
}
