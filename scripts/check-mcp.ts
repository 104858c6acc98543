/**
 * Uses `keepsake mcp` with the command line of the official MCP Inspector, installed in `.cache`: lists, strictly, calls
 * every tool and reads what else is served, over standard input and output and over HTTP, in both eras of the protocol.
 * `--short` lists and calls once, over standard input and output alone.
 */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ROOT, run } from "./pack.ts"

const VERSION = "2.12.0"
const FOLDER = join(ROOT, ".cache/mcp-inspector")
const INSPECTOR = join(FOLDER, "node_modules/@modelcontextprotocol/inspector")
const MAIN = join(ROOT, "packages/keepsake/src/cli/main.ts")

const install = async (): Promise<void> => {
  const manifest = join(INSPECTOR, "package.json")
  if (existsSync(manifest) && (await readFile(manifest, "utf8")).includes(`"version": "${VERSION}"`)) return
  await mkdir(FOLDER, { recursive: true })
  await writeFile(join(FOLDER, "package.json"), JSON.stringify({ private: true }))
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
  await run("npm", ["install", ...options, `@modelcontextprotocol/inspector@${VERSION}`], { cwd: FOLDER })
}

type Ask = (...flags: ReadonlyArray<string>) => Promise<Record<string, unknown>>

/** The Inspector on a server; throws with its output when it finds a fault or the server refuses. */
const inspect =
  (home: string, target: ReadonlyArray<string>): Ask =>
  async (...flags) => {
    const launcher = join(INSPECTOR, "clients/launcher/build/index.js")
    const printed = await run(process.execPath, [launcher, "--cli", ...target, ...flags], {
      env: { ...process.env, HOME: home }
    })
    return JSON.parse(printed) as Record<string, unknown>
  }

const expectIn = (answer: unknown, text: string): void => {
  if (!JSON.stringify(answer).includes(text))
    throw new Error(`The Inspector was answered without ${text}:\n${JSON.stringify(answer, null, 2)}`)
}

const call = (ask: Ask, tool: string, ...pairs: ReadonlyArray<string>) =>
  ask("--method", "tools/call", "--tool-name", tool, ...(pairs.length === 0 ? [] : ["--tool-arg", ...pairs]))

const useSome = async (ask: Ask): Promise<void> => {
  const { tools } = (await ask("--method", "tools/list", "--strict")) as {
    readonly tools: ReadonlyArray<{ readonly name: string }>
  }
  if (tools.length < 7) throw new Error(`The Inspector lists ${tools.length} tools`)
  expectIn(await call(ask, "remember", "content=Ana ships freight on Fridays", "type=semantic"), "remembered")
  expectIn(await call(ask, "recall", "query=freight"), "Fridays")
}

const useAll = async (ask: Ask): Promise<void> => {
  await useSome(ask)
  const kept = (await call(ask, "remember", "content=The gate code is 4711", "ttlDays=7")) as {
    readonly structuredContent: { readonly id: string }
  }
  const id = `id=${kept.structuredContent.id}`
  expectIn(await call(ask, "get", id), "4711")
  expectIn(await call(ask, "list", "limit=1"), "next")
  expectIn(await call(ask, "context", "message=What is the gate code?"), "4711")
  expectIn(await call(ask, "update", id, "importance=0.9"), "updated")
  expectIn(await call(ask, "forget", id), "Forgotten")
  expectIn(await ask("--method", "resources/list"), "keepsake://memories")
  expectIn(await ask("--method", "resources/templates/list"), "keepsake://memories/{id}")
  expectIn(await ask("--method", "resources/read", "--uri", "keepsake://memories"), "Fridays")
  expectIn(await ask("--method", "prompts/get", "--prompt-name", "use-memory"), "lasting memory")
}

/** `keepsake mcp --http` on a free port until `use` is done. */
const withHttp = async (store: string, use: (url: string) => Promise<void>): Promise<void> => {
  const server = spawn(process.execPath, [MAIN, "mcp", "--http", "--port", "0", "--store", store])
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let printed = ""
      server.stderr.on("data", (part) => {
        printed += String(part)
        const found = /http:\S+\/mcp/u.exec(printed)?.[0]
        if (found !== undefined) resolve(found)
      })
      server.once("close", () => reject(new Error(`keepsake mcp --http ended:\n${printed}`)))
    })
    await use(url)
  } finally {
    server.kill("SIGINT")
  }
}

const isShort = process.argv.includes("--short")
const home = await mkdtemp(join(tmpdir(), "keepsake-inspector-"))
try {
  await install()
  const store = (name: string): string => `file:${join(home, `${name}.db`)}`
  const stdio = (name: string) => [process.execPath, MAIN, "mcp", "--store", store(name)]
  if (isShort) await useSome(inspect(home, stdio("short")))
  else {
    for (const era of ["legacy", "modern"]) {
      await useAll(inspect(home, [...stdio(era), "--protocol-era", era]))
      await withHttp(store(`${era}-http`), (url) => useAll(inspect(home, [url, "--protocol-era", era])))
    }
  }
  console.log(
    `the MCP Inspector ${VERSION} finds no fault${isShort ? "" : ", over both transports, in both eras"}`
  )
} finally {
  await rm(home, { recursive: true, force: true })
}
