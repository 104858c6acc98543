/** Checks of the runtime, the environment variables and the clock. */
import { nearest } from "@keepsake/core/driver"
import { isNodeTooOld, NODE_MIN } from "../nodeVersion.ts"
import { fault, type Finding, ok, warning } from "./Finding.ts"

export const checkNode = (version: string): Finding =>
  isNodeTooOld(version)
    ? fault("node", `${version} is too old`, `Install Node ${NODE_MIN} or newer, such as 24.`)
    : ok("node", version)

const PREFIX = "KEEPSAKE_"

/** Compared without the prefix, which would make all names similar. */
const VARIABLES = ["STORE", "EMBEDDER", "USER", "AGENT", "READS", "CONFIG", "MCP_TOKEN", "MODEL"]

/** Warns of misspelt variables, which every other command ignores. */
export const checkVariables = (env: Readonly<Record<string, string | undefined>>): ReadonlyArray<Finding> =>
  Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !VARIABLES.includes(name.slice(PREFIX.length)))
    .flatMap((name) => {
      const suggestion = nearest(name.slice(PREFIX.length), VARIABLES)
      return suggestion === undefined
        ? []
        : [
            warning(
              "variables",
              `${name} is not a variable of Keepsake`,
              `Did you mean ${PREFIX}${suggestion}?`
            )
          ]
    })

/** A clock before the time of this code is wrong. */
const EARLIEST = Date.UTC(2026, 0, 1)

export const checkClock = (now: number): Finding => {
  const time = new Date(now).toISOString()
  return now < EARLIEST
    ? fault(
        "clock",
        `the clock of this machine shows ${time}`,
        "Set the clock: memories are dated and expire by it."
      )
    : ok("clock", time)
}
