#!/usr/bin/env node
/** A UserPromptSubmit hook of Claude Code: reads the prompt on standard input and prints what memory says to it. */
import { mkdirSync, readFileSync } from "node:fs"
import { enableCompileCache } from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"

// Before Keepsake loads: the next prompt's process finds it compiled. A folder for everyone could hold code of another's.
const folder = join(homedir(), ".keepsake")
mkdirSync(folder, { recursive: true, mode: 0o700 })
enableCompileCache(join(folder, "compiled"))
const { openMemory } = await import("@keepsake/keepsake")

const answer = async () => {
  const { prompt } = JSON.parse(readFileSync(0, "utf8"))
  const memory = await openMemory(process.env.KEEPSAKE_STORE ?? `file:${join(folder, "memory.db")}`)
  try {
    return (await memory.for({ userId: process.env.KEEPSAKE_USER ?? "me" }).context(prompt)).text
  } finally {
    await memory.close()
  }
}

try {
  const block = await answer()
  if (block !== "") console.log(block)
} catch (error) {
  // Shown to the user; the prompt goes on without memory. Exit code 2 would stop it.
  console.error(`keepsake: ${error.message}`)
  process.exitCode = 1
}
