/** Opens a file, recalls once for a user, and answers with the times. */
import { makeQuery, makeScope } from "../data.ts"
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
const recollections = await opened.client
  .for(makeScope(Number(user)))
  .recall(makeQuery(Number(user), 0), { minScore: 0 })
const recallMs = performance.now() - start - openMs
await opened.close()
answer({ openMs, recallMs, found: recollections.length } satisfies Cold)
