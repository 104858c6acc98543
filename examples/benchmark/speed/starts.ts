/** Whole processes that ask one question, with the packages as npm installs them, beside processes of bare Node. */
import { spawnSync } from "node:child_process"
import { copyFile } from "node:fs/promises"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { openMemory } from "@keepsake/keepsake"
import { makeStatement } from "./data.ts"
import { withFolder } from "./folder.ts"
import { npmInstall } from "./install/npmInstall.ts"
import { packFrontDoor } from "./install/packFrontDoor.ts"
import { interleaved } from "./measure.ts"
import { atMost, reported, type Row } from "./Row.ts"

const HOOK = fileURLToPath(new URL("../../claude-code-hook/hook.mjs", import.meta.url))
const EXIT_TIME = fileURLToPath(new URL("install/exitTime.cjs", import.meta.url))
const MEMORIES = 1_000
const NOTE = "the processor's time of whole processes, after a first one that leaves its compiled code"

interface Program {
  readonly args: ReadonlyArray<string>
  readonly input?: string
}

const makePrograms = (
  project: string
): Record<"bare" | "http" | "import" | "version" | "recall" | "hook", Program> => {
  const evaluate = (code: string): Program => ({ args: ["--input-type=module", "-e", code] })
  const command = join(project, "node_modules/.bin/keepsake")
  const question = "What did they say about the garden?"
  return {
    bare: { args: ["-e", "0"] },
    http: evaluate('import "node:http"'),
    import: evaluate('import "@keepsake/keepsake"'),
    version: { args: [command, "--version"] },
    recall: { args: [command, "recall", question] },
    hook: { args: [join(project, "hook.mjs")], input: JSON.stringify({ prompt: question }) }
  }
}

/** Fills the store that the command line and the hook open. */
const fillStore = async (store: string): Promise<void> => {
  const memory = await openMemory(store)
  const statements = Array.from({ length: MEMORIES }, (_, index) => makeStatement({ user: 0, index }))
  await memory.for({ userId: "me" }).rememberMany(statements)
  await memory.close()
}

export const measureStarts = (rounds: number): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => {
    const project = join(folder, "project")
    await npmInstall(project, await packFrontDoor(join(folder, "tarballs")), process.execPath)
    await copyFile(HOOK, join(project, "hook.mjs"))
    const store = `file:${join(folder, "memory.db")}`
    await fillStore(store)
    const bins = [dirname(process.execPath), join(project, "node_modules/.bin"), process.env["PATH"]]
    const env = {
      ...process.env,
      PATH: bins.join(delimiter),
      HOME: folder,
      XDG_CACHE_HOME: folder,
      KEEPSAKE_STORE: store
    }
    const run = ({ args, input = "" }: Program) => {
      const { output, status, stderr } = spawnSync(process.execPath, ["-r", EXIT_TIME, ...args], {
        cwd: project,
        env,
        input,
        encoding: "utf8",
        stdio: ["pipe", "pipe", "pipe", "pipe"]
      })
      if (status !== 0) throw new Error(`node ${args.join(" ")} exited with ${status}: ${stderr}`)
      return { ms: Number(output[3]) }
    }
    const programs = makePrograms(project)
    const times = await interleaved(
      {
        bare: () => run(programs.bare),
        http: () => run(programs.http),
        import: () => run(programs.import),
        version: () => run(programs.version),
        recall: () => run(programs.recall),
        hook: () => run(programs.hook)
      },
      { rounds }
    )
    const row = (name: string, value: number, against: string, baseline: number) => ({
      name: `a new process: ${name}`,
      value,
      unit: "ms",
      against,
      baseline,
      note: NOTE
    })
    const [bare, memories] = [times.bare.median, `${MEMORIES.toLocaleString("en-US")} memories`]
    return [
      reported(row("keepsake --version", times.version.median, "node -e 0", bare)),
      atMost(row(`keepsake recall on ${memories}`, times.recall.median, "node -e 0", bare), 8),
      reported(
        row(
          `the hook of examples/claude-code-hook on ${memories}, two processes`,
          times.hook.median,
          "node -e 0",
          bare
        )
      ),
      atMost(
        row('import "@keepsake/keepsake"', times.import.median, 'import "node:http"', times.http.median),
        4
      )
    ]
  })
