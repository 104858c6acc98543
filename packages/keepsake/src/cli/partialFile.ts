/** Files that a command writes beside their final names: what a killed one leaves, the next export, backup or erasure removes. */
import { randomUUID } from "node:crypto"
import { closeSync, lstatSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs"
import { join, resolve } from "node:path"
import { createPrivateFile, isBeingWritten, makePrivateFolder } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { ownFile } from "../config/configFile.ts"

export const PARTIAL = ".partial"

/** The account's own notes of files that are being written, by their writers. */
const findNotes = (): string | undefined => ownFile(process.env, "unfinished")

/** The path of the note; null where there is no place for it. */
const writeNote = (path: string): string | null => {
  const folder = findNotes()
  if (folder === undefined) return null
  try {
    makePrivateFolder(folder)
    const note = join(folder, `file.${process.pid}.${randomUUID()}.tmp`)
    const file = createPrivateFile(note)
    if (file === null) return null
    writeSync(file, resolve(path))
    closeSync(file)
    return note
  } catch {
    return null
  }
}

/** Notes the file until its writing ends, as far as the account has a place for notes; removes it where that fails. */
export const whileWriting = <A, E, R>(
  path: string,
  writing: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => writeNote(path)),
    () =>
      Effect.onError(writing, () =>
        Effect.sync(() => {
          rmSync(path, { force: true })
        })
      ),
    (note) =>
      Effect.sync(() => {
        if (note !== null) rmSync(note, { force: true })
      })
  )

const isLeftOver = (path: string): boolean =>
  path.endsWith(PARTIAL) && lstatSync(path, { throwIfNoEntry: false })?.isFile() === true

/** Removes the files whose writers are gone; their paths. */
export const removeLeftOver: Effect.Effect<ReadonlyArray<string>> = Effect.sync(() => {
  const folder = findNotes()
  const removed: Array<string> = []
  try {
    for (const name of folder === undefined ? [] : readdirSync(folder)) {
      if (isBeingWritten(name)) continue
      const note = join(folder ?? "", name)
      const path = readFileSync(note, "utf8")
      if (isLeftOver(path)) {
        rmSync(path)
        removed.push(path)
      }
      rmSync(note)
    }
  } catch {
    // Without notes there is nothing to remove; what may not be removed waits for the next time.
  }
  return removed
})
