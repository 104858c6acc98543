import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"

export interface Acknowledged {
  readonly from: number
  readonly to: number
}

/** Starts `writer.ts`; `ended` resolves after the last acknowledgement was read. */
export const spawnWriter = (
  path: string,
  name: string,
  first: number,
  last: number,
  batch: number,
  onAcknowledged: (acknowledged: Acknowledged) => void
): { readonly child: ChildProcess; readonly ended: Promise<number | null> } => {
  const script = new URL("../harness/writer.ts", import.meta.url).pathname
  const child = spawn(process.execPath, [script, path, name, String(first), String(last), String(batch)], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const lines = createInterface({ input: child.stdout })
  lines.on("line", (line) => {
    const [from, to] = line.split(" ").map(Number)
    // The last line of a killed process may be incomplete.
    if (from !== undefined && to !== undefined && to > from) onAcknowledged({ from, to })
  })
  const ended = new Promise<number | null>((resolve) => {
    let open = 2
    let code: number | null = null
    const end = () => {
      if (--open === 0) resolve(code)
    }
    lines.on("close", end)
    child.on("close", (exit) => {
      code = exit
      end()
    })
  })
  return { child, ended }
}
