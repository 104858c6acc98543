/** A process that is killed while it erases. For tests and for `pnpm attack`. */
import { ANY } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { openStore } from "./openStore.ts"
import { DIMENSIONS, makeScope, NOW } from "./rows.ts"

const SCRIPT = new URL("../harness/erasing.ts", import.meta.url).pathname
/** Of each user, half of them each agent's. */
const ROWS = 1_500

/** What is erased: a user, or rows of one agent by their ids or by a filter. */
export type Way = "user" | "ids" | "filter"

export const WAYS: ReadonlyArray<Way> = ["user", "ids", "filter"]

/** Commits of an erasure: the last one comes before the log is emptied. */
export const COMMITS: Readonly<Record<Way, number>> = { user: 15, ids: 12, filter: 6 }

const toText = (way: Way): string => (way === "user" ? "TEXT of erased" : "TEXT of erased one")

/** Runs an erasure that kills itself; whether it had ended before. */
const eraseUntilKilled = (path: string, way: Way, commits: number): Promise<boolean> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [SCRIPT, path, way, String(commits)], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    let output = ""
    child.stdout.on("data", (chunk) => (output += String(chunk)))
    child.on("close", () => resolve(output.includes("erased")))
  })

/** How often a text is in the bytes of any file of a folder, and how many bytes those are. */
const searchFiles = (folder: string, way: Way): { readonly found: number; readonly bytes: number } => {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile()
  )
  let [found, bytes] = [0, 0]
  for (const { name, parentPath } of files) {
    const content = readFileSync(join(parentPath, name))
    bytes += content.length
    found += content.toString("latin1").split(toText(way)).length - 1
  }
  return { found, bytes }
}

/** What a kill in the middle of an erasure left. */
export interface KilledErasure {
  /** The kill came between the first and the last of its transactions. */
  readonly wasUnderWay: boolean
  readonly bytesSearched: number
  /** What is not as it must be. */
  readonly wrong: ReadonlyArray<string>
}

/** Kills an erasure after some commits, opens the file again, and asks for the erasure once more. @param folder a new one */
export const killErasure = (
  folder: string,
  way: Way,
  commits: number
): Effect.Effect<KilledErasure, unknown> =>
  Effect.gen(function* () {
    const path = `${folder}/memory.db`
    const ended = yield* Effect.promise(() => eraseUntilKilled(path, way, commits))
    const wrong: Array<string> = []
    const left = searchFiles(folder, way)
    const { admin, store } = yield* openStore({ path }, DIMENSIONS)
    const count = (userId: string, agentIds: ReadonlyArray<string>) =>
      Effect.map(
        Effect.forEach(agentIds, (agentId) =>
          store.count({ scope: { ...makeScope(userId), agentId }, now: NOW, filter: ANY, lifetime: "any" })
        ),
        (counts) => counts.reduce((sum, rows) => sum + rows, 0)
      )
    const [erasedAgents, keptAgents] = way === "user" ? [["one", "two"], []] : [["one"], ["two"]]
    const all = (ROWS / 2) * erasedAgents.length
    const rows = yield* count("erased", erasedAgents)
    if (rows !== 0 && rows !== all) wrong.push(`${rows} of ${all} rows are there after the next open`)
    if ((yield* count("erased", keptAgents)) !== ROWS - all) wrong.push("rows of another agent are gone")
    const reopened = searchFiles(folder, way)
    if (rows === 0 && reopened.found > 0)
      wrong.push(`${reopened.found} texts in the files after the next open`)
    const scope = { ...makeScope("erased"), agentId: "one" }
    const receipt = yield* way === "user"
      ? admin.eraseUser({ userId: "erased" })
      : store.remove({ scope, now: NOW, target: { _tag: "Filter", filter: ANY } })
    if (receipt.removed !== rows || receipt.bytes !== (rows === 0 ? "untouched" : "erased"))
      wrong.push(`the receipt says ${receipt.removed} ${receipt.bytes} of ${rows}`)
    const erased = searchFiles(folder, way)
    if (erased.found > 0) wrong.push(`${erased.found} texts in the files after a second erasure`)
    if ((yield* count("kept", ["one", "two"])) !== ROWS) wrong.push("rows of another user are gone")
    return {
      wasUnderWay: !ended && left.found > 0,
      bytesSearched: left.bytes + reopened.bytes + erased.bytes,
      wrong
    }
  }).pipe(Effect.scoped)
