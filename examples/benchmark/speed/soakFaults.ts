/** The soak with faults, on a file and on PostgreSQL: prints what was lost, untyped or late. */
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { HnswStore } from "@keepsake/backend-hnsw"
import { PgVectorStore } from "@keepsake/backend-pgvector"
import { Pool } from "pg"
import { startPostgres } from "../../../scripts/postgres.ts"
import { DEADLINE_MS, type FaultyTraffic, faultyTraffic } from "./faultySoak.ts"
import { withFolder } from "./folder.ts"
import { answer } from "./ownProcess.ts"
import { type Row, within } from "./Row.ts"

const POOL_SIZE = 4
const FREEZES = 2
/** A busy machine wakes a call up late. */
const SLACK_MS = 1_000

const toRows = (where: string, traffic: FaultyTraffic): ReadonlyArray<Row> => {
  const { acknowledged, bad, calls, degraded, failures, longestMs, lost, owed, untyped } = traffic
  const reasons = Object.entries(failures).map(([reason, count]) => `${reason} ${count}`)
  const note = `${calls} calls, ${degraded} answers by words alone, failed as ${reasons.join(", ") || "nothing"}`
  return [
    within(
      {
        name: `faults, ${where}: acknowledged and lost`,
        value: lost.length,
        unit: "",
        note: `of ${acknowledged}; ${note}`
      },
      "0",
      lost.length === 0
    ),
    within(
      { name: `faults, ${where}: failures without a type`, value: untyped, unit: "" },
      "0",
      untyped === 0
    ),
    within(
      { name: `faults, ${where}: longest call`, value: longestMs, unit: "ms", note: "freezes left out" },
      `≤ ${DEADLINE_MS} ms + ${SLACK_MS}`,
      longestMs <= DEADLINE_MS + SLACK_MS
    ),
    within(
      {
        name: `faults, ${where}: vectors owed at the end`,
        value: owed,
        unit: "",
        note: `${bad} texts have none`
      },
      "≤ those without one",
      owed <= bad
    )
  ]
}

const onFile = async (seconds: number): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => {
    const store = HnswStore.layer({ path: join(folder, "keepsake.db") })
    return toRows("file", await faultyTraffic(store, seconds, { exhaust: async () => {}, freezes: FREEZES }))
  })

const onPostgres = async (seconds: number): Promise<ReadonlyArray<Row>> => {
  const server = await startPostgres()
  const pool = new Pool({ connectionString: server.url, max: POOL_SIZE })
  // As every application does: an idle connection that breaks would end the process.
  pool.on("error", () => {})
  const exhaust = async (forMs: number): Promise<void> => {
    const clients = await Promise.all(Array.from({ length: POOL_SIZE }, async () => pool.connect()))
    await wait(forMs)
    for (const client of clients) client.release()
  }
  try {
    return toRows(
      "PostgreSQL",
      await faultyTraffic(PgVectorStore.layer({ pool }), seconds, { exhaust, freezes: FREEZES })
    )
  } finally {
    await pool.end()
    await server.stop()
  }
}

const seconds = (Number(process.argv[2] ?? "10") * 60) / 2
answer([...(await onFile(seconds)), ...(await onPostgres(seconds))])
