/** A memory of its own for each project, beside what the user's other conversations said. */
import { createHash } from "node:crypto"
import { existsSync, realpathSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import type { MemoryError, Scope } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { ReadConfig } from "./reads.ts"

const isFolder = (project: string): boolean => project === "." || /[/\\]/u.test(project)

/** The nearest folder upward that a repository begins in; the folder itself outside a repository. */
const findRoot = (folder: string): string => {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at
    if (dirname(at) === at) return folder
  }
}

/** Two folders of one name are two projects. */
const nameFolder = (folder: string): Effect.Effect<string, MemoryError> =>
  Effect.try({
    try: () => {
      const root = findRoot(realpathSync(resolve(folder)))
      const hash = createHash("sha256").update(root).digest("hex").slice(0, 8)
      return `${basename(root).trim() || "root"}-${hash}`
    },
    catch: () => invalidInput("project", `there is no folder ${folder}; give one that is there, or a name`)
  })

/**
 * The scope that a project's statements are kept in, and the scopes that are recalled from besides: first the user's own.
 * @param project a name, or a folder: `.` or a path
 */
export const scopeOfProject = Effect.fnUntraced(function* (
  scope: Scope,
  reads: ReadonlyArray<ReadConfig>,
  project: string | undefined
): Effect.fn.Return<{ readonly scope: Scope; readonly reads: ReadonlyArray<ReadConfig> }, MemoryError> {
  if (project === undefined) return { scope, reads }
  const name = isFolder(project) ? yield* nameFolder(project) : project
  // A bare user in `reads` is one of the agent that was named, not of the project's.
  const others = reads.map((read) =>
    typeof read === "string" ? { agentId: scope.agentId, userId: read } : read
  )
  return { scope: { ...scope, agentId: `${scope.agentId}@${name}` }, reads: [scope, ...others] }
})
