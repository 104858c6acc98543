/** A process that is killed while it erases a user. For tests and for `pnpm attack`. */
import { ANY } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { openStore } from "./openStore.ts"
import { DIMENSIONS, makeScope, NOW } from "./rows.ts"

const SCRIPT = new URL("../harness/erasingUser.ts", import.meta.url).pathname
const ROWS = 1_500
const TEXT = "TEXT of erased"

/** Kills a process some time after it began to erase; whether it had ended before. */
const eraseUntilKilled = (path: string, afterMs: number): Promise<boolean> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [SCRIPT, path], { stdio: ["ignore", "pipe", "inherit"] })
    let output = ""
    child.stdout.on("data", (chunk) => {
      if (output === "") setTimeout(() => child.kill("SIGKILL"), afterMs)
      output += String(chunk)
    })
    child.on("close", () => resolve(output.includes("erased")))
  })

/** How often a text is in the bytes of any file of a folder, and how many bytes those are. */
const searchFiles = (folder: string): { readonly found: number; readonly bytes: number } => {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile()
  )
  let [found, bytes] = [0, 0]
  for (const { name, parentPath } of files) {
    const content = readFileSync(join(parentPath, name))
    bytes += content.length
    found += content.toString("latin1").split(TEXT).length - 1
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

/** Kills an erasure, opens the file again, and asks for the erasure once more. @param folder a new one */
export const killErasure = (folder: string, afterMs: number): Effect.Effect<KilledErasure, unknown> =>
  Effect.gen(function* () {
    const path = `${folder}/memory.db`
    const ended = yield* Effect.promise(() => eraseUntilKilled(path, afterMs))
    const wrong: Array<string> = []
    const left = searchFiles(folder)
    const { admin, store } = yield* openStore({ path }, DIMENSIONS)
    const count = (userId: string) =>
      Effect.map(
        Effect.forEach(["one", "two"], (agentId) =>
          store.count({ scope: { ...makeScope(userId), agentId }, now: NOW, filter: ANY, lifetime: "any" })
        ),
        (counts) => counts.reduce((sum, rows) => sum + rows, 0)
      )
    const rows = yield* count("erased")
    if (rows !== 0 && rows !== ROWS) wrong.push(`${rows} of ${ROWS} rows are there after the next open`)
    const reopened = searchFiles(folder)
    if (rows === 0 && reopened.found > 0)
      wrong.push(`${reopened.found} texts in the files after the next open`)
    const receipt = yield* admin.eraseUser({ userId: "erased" })
    if (receipt.removed !== rows || receipt.bytes !== (rows === 0 ? "untouched" : "erased"))
      wrong.push(`the receipt says ${receipt.removed} ${receipt.bytes} of ${rows}`)
    const erased = searchFiles(folder)
    if (erased.found > 0) wrong.push(`${erased.found} texts in the files after a second erasure`)
    if ((yield* count("kept")) !== ROWS) wrong.push("rows of another user are gone")
    return {
      wasUnderWay: !ended && left.found > 0,
      bytesSearched: left.bytes + reopened.bytes + erased.bytes,
      wrong
    }
  }).pipe(Effect.scoped)
