/**
 * Runs a script from code that V8 has compiled for an earlier process. Node's own cache keeps a module as it is before it
 * runs; this one keeps what ran, so that a command compiles nothing. Imports nothing of Effect.
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Script } from "node:vm"
import { crc32 } from "node:zlib"

/** Digits of the hash that a script begins with, in a comment. */
export const HASH_LENGTH = 16
const HASH_FROM = "/*".length
const SUM_BYTES = 4

type Wrapped = (
  exports: object,
  require: NodeJS.Require,
  filename: string,
  importModule: (specifier: string) => Promise<unknown>,
  resolveModule: (specifier: string) => string
) => void

const sumOf = (code: Uint8Array): Buffer => {
  const sum = Buffer.alloc(SUM_BYTES)
  sum.writeUInt32LE(crc32(code))
  return sum
}

/** V8 believes what it is given: damaged code would end the process. */
const readCompiled = (path: string): Buffer | undefined => {
  try {
    const file = readFileSync(path)
    const code = file.subarray(SUM_BYTES)
    return sumOf(code).equals(file.subarray(0, SUM_BYTES)) ? code : undefined
  } catch {
    return undefined
  }
}

/** Another process may read or write the same file. Removes what was compiled of other versions. */
const writeCompiled = (folder: string, name: string, hash: string, script: Script): void => {
  const written = join(folder, `${name}.${process.pid}`)
  try {
    const code = script.createCachedData()
    writeFileSync(written, Buffer.concat([sumOf(code), code]), { mode: 0o600 })
    renameSync(written, join(folder, name))
    for (const file of readdirSync(folder))
      if (file.startsWith("run-") && !file.startsWith(`run-${hash}`)) rmSync(join(folder, file))
  } catch {
    // Compiled again the next time.
  }
}

/**
 * What the script exports.
 * @param folder an existing folder of this account alone, for compiled code; `null` keeps none
 * @param manner what the process does, in letters: code is kept for each
 */
export const runScript = (script: URL, folder: string | null, manner: string): object => {
  const filename = fileURLToPath(script)
  const source = readFileSync(filename, "utf8")
  const hash = source.slice(HASH_FROM, HASH_FROM + HASH_LENGTH)
  const name = `run-${hash}-${process.version}-${process.arch}-${manner}`
  const cachedData = folder === null ? undefined : readCompiled(join(folder, name))
  const compiled = new Script(source, { filename, ...(cachedData === undefined ? {} : { cachedData }) })
  if (folder !== null && (cachedData === undefined || compiled.cachedDataRejected === true)) {
    process.once("exit", (code) => {
      if (code === 0) writeCompiled(folder, name, hash, compiled)
    })
  }
  const exported = {}
  const run = compiled.runInThisContext() as Wrapped
  run(
    exported,
    createRequire(script),
    filename,
    (specifier) => import(specifier),
    (specifier) => import.meta.resolve(specifier)
  )
  return exported
}
