import { spawn } from "node:child_process"

/**
 * Reads the command in the script's arguments, or prints the usage and exits. The returned function runs the
 * command with more environment and resolves to its exit code.
 */
export const readCommand = (script: string): ((env: NodeJS.ProcessEnv) => Promise<number>) => {
  const [command, ...args] = process.argv.slice(2)
  if (command === undefined) {
    console.error(`Usage: node ${script} <command…>`)
    process.exit(2)
  }
  return (env) =>
    new Promise((done) => {
      const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } })
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal))
      child.once("error", (cause) => {
        console.error(`${command}: ${cause.message}`)
        done(127)
      })
      child.once("exit", (code) => done(code ?? 1))
    })
}
