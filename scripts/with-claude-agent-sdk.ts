/**
 * `node scripts/with-claude-agent-sdk.ts <command…>` runs a command with `KEEPSAKE_CLAUDE_AGENT_SDK`, a folder outside
 * the workspace that has the Claude Agent SDK: it brings 400 MB. Skips the command, with the reason, where the SDK
 * cannot be installed.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { ROOT, run } from "./pack.ts"
import { readCommand } from "./readCommand.ts"

const VERSION = "0.3.332"
const FOLDER = join(ROOT, ".cache/claude-agent-sdk")
const SCOPE = join(FOLDER, "node_modules/@anthropic-ai")

const isInstalled = async (): Promise<boolean> => {
  try {
    const manifest = JSON.parse(await readFile(join(SCOPE, "claude-agent-sdk/package.json"), "utf8")) as {
      readonly version: string
    }
    const names = await readdir(SCOPE)
    return manifest.version === VERSION && names.some((name) => name.startsWith("claude-agent-sdk-"))
  } catch {
    return false
  }
}

const install = async (): Promise<void> => {
  if (await isInstalled()) return
  await mkdir(FOLDER, { recursive: true })
  await writeFile(join(FOLDER, "package.json"), JSON.stringify({ private: true, type: "module" }))
  const options = ["--no-audit", "--no-fund", "--loglevel=error"]
  await run("npm", ["install", ...options, `@anthropic-ai/claude-agent-sdk@${VERSION}`], { cwd: FOLDER })
  if (!(await isInstalled())) throw new Error(`it has no build for ${process.platform} ${process.arch}`)
}

const command = readCommand("scripts/with-claude-agent-sdk.ts")
try {
  await install()
  process.exitCode = await command({ KEEPSAKE_CLAUDE_AGENT_SDK: FOLDER })
} catch (error) {
  console.error(`Skipped: the Claude Agent SDK cannot be installed: ${(error as Error).message}`)
}
