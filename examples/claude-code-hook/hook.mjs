#!/usr/bin/env node
/** A UserPromptSubmit hook of Claude Code: reads the prompt on standard input and prints what memory says to it. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"

const { prompt } = JSON.parse(readFileSync(0, "utf8"))
// The installed command starts in half the time that a program takes to load the library.
const { error, status, stderr, stdout } = spawnSync("keepsake", ["context", "-", "--json"], {
  input: prompt,
  encoding: "utf8",
  // `keepsake` is a script of the shell's there.
  shell: process.platform === "win32"
})

if (status === 0) {
  const { text } = JSON.parse(stdout)
  if (text !== "") console.log(text)
} else {
  // Shown to the user; the prompt goes on without memory. Exit code 2 would stop it.
  console.error(error?.message ?? stderr.trim())
  process.exitCode = 1
}
