import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"

/** Runs a module in a process of its own, for a cold start and its own memory; `answer` there resolves this. */
export const ownProcess = async <Answer>(module: URL, ...args: ReadonlyArray<string>): Promise<Answer> => {
  const child = fork(fileURLToPath(module), args, { stdio: ["ignore", "ignore", "inherit", "ipc"] })
  return new Promise<Answer>((resolve, reject) => {
    let answer: { readonly value: Answer } | undefined
    child.on("message", (message) => (answer = message as { readonly value: Answer }))
    child.once("error", reject)
    child.once("exit", (code, signal) => {
      if (answer === undefined) reject(new Error(`${module.pathname} ended with ${code ?? signal}`))
      else resolve(answer.value)
    })
  })
}

/** Gives the parent its answer. */
export const answer = (value: unknown): void => {
  process.send?.({ value })
  process.disconnect()
}
