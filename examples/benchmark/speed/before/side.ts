/** One side of `compare.ts`, in a process of its own: `side.ts CHECKOUT FOLDER`. Answers each message with what it took. */
import { statSync } from "node:fs"
import { join } from "node:path"
import { makeQuery, makeScope, makeStatement } from "../data.ts"
import { loadOpener } from "./checkout.ts"

/** What the parent asks for; rows and questions by number. */
export interface Task {
  readonly call: "put" | "recall" | "first" | "size" | "forget" | "expire" | "purge"
  readonly file: string
  readonly withVectors: boolean
  readonly from: number
  readonly to: number
}

/** Milliseconds of each call, and of the processor in all of them; bytes of a file that is closed. */
export interface Taken {
  readonly ms: ReadonlyArray<number>
  readonly cpuMs: number
  readonly bytes: number
}

const DAY_MS = 86_400_000

const [, , checkout = "", folder = ""] = process.argv
const openPath = await loadOpener(checkout)

const openFile = async ({ file, withVectors }: Task) => {
  const { client, close } = await openPath(join(folder, file), withVectors)
  return { admin: client.admin, scoped: client.for(makeScope(0)), close }
}

type Opened = Awaited<ReturnType<typeof openFile>>
const files = new Map<string, Opened>()

const open = async (task: Task): Promise<Opened> => {
  const opened = files.get(task.file) ?? (await openFile(task))
  files.set(task.file, opened)
  return opened
}

const close = async ({ file }: Task): Promise<void> => {
  await files.get(file)?.close()
  files.delete(file)
}

const measure = async (calls: ReadonlyArray<() => Promise<unknown>>): Promise<Taken> => {
  const ms: Array<number> = []
  const before = process.cpuUsage()
  for (const call of calls) {
    const start = performance.now()
    await call()
    ms.push(performance.now() - start)
  }
  const { system, user } = process.cpuUsage(before)
  return { ms, cpuMs: (system + user) / 1_000, bytes: 0 }
}

const run = async (task: Task): Promise<Taken> => {
  const { call, file, from, to } = task
  const numbers = Array.from({ length: to - from }, (_, i) => from + i)
  if (call === "size") {
    await close(task)
    return { ms: [], cpuMs: 0, bytes: statSync(join(folder, file)).size }
  }
  if (call === "first") {
    await close(task)
    return measure([async () => (await open(task)).scoped.recall(makeQuery(0, from), { minScore: 0 })])
  }
  const { admin, scoped } = await open(task)
  if (call === "forget") {
    const { rows } = await scoped.list({ limit: to - from })
    return measure(
      rows.map(
        ({ id }) =>
          () =>
            scoped.forget(id)
      )
    )
  }
  if (call === "expire") {
    const expiring = numbers.map((index) => ({ ...makeStatement({ user: 0, index }), ttlDays: 1 }))
    return measure([() => scoped.rememberMany(expiring)])
  }
  if (call === "purge") {
    return measure([() => admin.expire({ now: Date.now() + 2 * DAY_MS, limit: to - from })])
  }
  return call === "put"
    ? measure([() => scoped.rememberMany(numbers.map((index) => makeStatement({ user: 0, index })))])
    : measure(numbers.map((round) => () => scoped.recall(makeQuery(0, round), { minScore: 0 })))
}

process.on("message", (task: Task) => {
  void run(task).then((taken) => process.send?.(taken))
})
process.send?.("ready")
