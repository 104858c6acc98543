/** A process that opens a file, recalls once for a user, and says how long that took. */
import { queryOf, scopeOf } from "../data.ts"
import { openEmbedded } from "../opened.ts"
import { answer } from "../ownProcess.ts"

export interface Cold {
  readonly openMs: number
  readonly recallMs: number
  readonly found: number
}

const [, , path = "", user = "0"] = process.argv
const start = performance.now()
const opened = await openEmbedded(path)
const openMs = performance.now() - start
const found = await opened.client.for(scopeOf(Number(user))).recall(queryOf(Number(user), 0), { minScore: 0 })
const recallMs = performance.now() - start - openMs
await opened.close()
answer({ openMs, recallMs, found: found.length } satisfies Cold)
