import type { Scope } from "@keepsake/core"

/** A shared scope of a config: a user of the same agent, `agent/user`, or spelt out. */
export type ReadConfig = string | Scope

/** `agent/user` names a user of another agent: no id holds a slash. */
const parseRead = (read: ReadConfig): ReadConfig => {
  if (typeof read !== "string") return read
  const slash = read.indexOf("/")
  return slash < 0 ? read : { agentId: read.slice(0, slash), userId: read.slice(slash + 1) }
}

/** A list, or names with commas between them. Core checks what they name. */
export const parseReads = (reads: string | ReadonlyArray<ReadConfig> = []): ReadonlyArray<ReadConfig> =>
  (typeof reads === "string" ? reads.split(",").map((read) => read.trim()) : reads).map(parseRead)
