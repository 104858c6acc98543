/** What surrounds the store: the runtime, the variables, the clock. */
import { nearest } from "@keepsake/core/driver"
import { isNodeTooOld, NODE_LEAST } from "../nodeVersion.ts"
import { fault, type Finding, ok, warning } from "./Finding.ts"

export const checkNode = (version: string): Finding =>
  isNodeTooOld(version)
    ? fault("node", `${version} is too old`, `Install Node ${NODE_LEAST} or newer, such as 24.`)
    : ok("node", version)

const PREFIX = "KEEPSAKE_"

/** Without the prefix, which would make any two of them look alike. */
const VARIABLES = ["STORE", "EMBEDDER", "USER", "AGENT", "CONFIG", "MCP_TOKEN", "MODEL"]

/** Variables that look like ours and are not: a typo there is silent everywhere else. */
export const checkVariables = (env: Readonly<Record<string, string | undefined>>): ReadonlyArray<Finding> =>
  Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !VARIABLES.includes(name.slice(PREFIX.length)))
    .flatMap((name) => {
      const near = nearest(name.slice(PREFIX.length), VARIABLES)
      return near === undefined
        ? []
        : [warning("variables", `${name} is not read by anything`, `Did you mean ${PREFIX}${near}?`)]
    })

/** Before this was written no clock can be right: 2026-01-01. */
const EARLIEST = Date.UTC(2026, 0, 1)

export const checkClock = (now: number): Finding => {
  const said = new Date(now).toISOString()
  return now < EARLIEST
    ? fault(
        "clock",
        `this machine says it is ${said}`,
        "Set the clock: memories are dated, and expire, by it."
      )
    : ok("clock", said)
}
