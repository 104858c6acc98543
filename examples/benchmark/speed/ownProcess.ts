import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"

/** Runs a module in a separate process, with a cold start and its own memory. Resolves to what it passes to `answer`. */
export const ownProcess = async <Answer>(module: URL, ...args: ReadonlyArray<string>): Promise<Answer> => {
  const child = fork(fileURLToPath(module), args, { stdio: ["ignore", "ignore", "inherit", "ipc"] })
  return new Promise<Answer>((resolve, reject) => {
    let answer: { readonly value: Answer } | undefined
    child.on("message", (message) => (answer = message as { readonly value: Answer }))
    child.once("error", reject)
    child.once("exit", (code, signal) => {
      if (answer === undefined) reject(new Error(`${module.pathname} exited with ${code ?? signal}`))
      else resolve(answer.value)
    })
  })
}

/** Sends the answer to the parent process. */
export const answer = (value: unknown): void => {
  process.send?.({ value })
  process.disconnect()
}
