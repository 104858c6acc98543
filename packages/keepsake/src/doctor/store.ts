import { AgentMemory, type MemoryError, MemoryStore, type ScopeCount, StoreAdmin } from "@keepsake/core"
import { Clock, Effect, Stream } from "effect"
import { plural } from "../plural.ts"
import type { StoreConfig } from "../config/StoreConfig.ts"
import { allScopes } from "../interchange/scopes.ts"
import { hasGraphs } from "./file.ts"
import { fault, type Finding, ok, warning } from "./Finding.ts"

type Fixes = { readonly [reason: string]: string }

const FIXES: { readonly [backend in StoreConfig["backend"]]: Fixes } = {
  memory: {},
  hnsw: {
    Unauthorized: "Give this account the right to read and write the file and its folder (chmod u+rw).",
    Corrupt: "Move the file away and import the last export, or restore it from a backup.",
    InvalidInput: "Name a file: file:./memory.db",
    StorageFull: "Make room on the disk.",
    Timeout: "Another process holds the file: let it finish, or stop it."
  },
  pgvector: {
    Unavailable: "Start PostgreSQL, or correct host and port in the URL (pg_isready -h HOST -p PORT tells).",
    Unauthorized: "Correct user and password in the URL, or grant the role the rights it lacks.",
    Unsupported: "Install the packages or the extension that the message names (create extension vector).",
    Timeout: "See why the server is slow or locked; raise statementTimeoutMs if it is right to be."
  },
  qdrant: {
    Unavailable:
      "Start Qdrant 1.19 or newer (docker run -p 6333:6333 qdrant/qdrant:v1.19.0), or correct the URL.",
    Unauthorized: "Give the API key: qdrant+https://:KEY@host, or apiKey in the config.",
    Unsupported: "Update Qdrant to 1.19 or newer, or install the package that the message names."
  }
}

const MISMATCH =
  "Give the embedder it was filled with (--embedder), or move the store to this one: keepsake reembed --to EMBEDDER"

/** A store that could not be opened or used, and what to do about it. */
export const storeFault = (
  check: string,
  backend: StoreConfig["backend"] | undefined,
  error: MemoryError
): Finding => {
  const { _tag } = error.reason
  const fix =
    _tag === "FingerprintMismatch" ? MISMATCH : backend === undefined ? undefined : FIXES[backend][_tag]
  return fault(check, error.message, fix ?? "Do what the message says, then run keepsake doctor again.")
}

/** Nobody's own scope: what is written there is removed at once. */
const CANARY = { agentId: "keepsake-doctor", userId: "canary" }
const WORDS = "The canary sings in the mine at noon."

const checkRoundTrip: Effect.Effect<Finding, MemoryError, AgentMemory> = Effect.gen(function* () {
  const memory = yield* Effect.flatMap(AgentMemory, (memories) => memories.for(CANARY))
  const { id } = yield* memory.remember(WORDS)
  const found = yield* Effect.ensuring(
    memory.recall(WORDS, { minScore: 0 }),
    Effect.ignore(memory.forgetAll())
  )
  return found.some((one) => one.memory.id === id)
    ? ok("round trip", "remembered, recalled and forgot a test memory")
    : fault("round trip", "a memory just written is not found", "Report this, with the store's version.")
})

const FUTURE_SLACK_MS = 3_600_000
const SCOPES_LOOKED_AT = 100

/** Memories said later than now: some machine that writes here has its clock wrong. */
const checkDates = (scopes: ReadonlyArray<ScopeCount>) =>
  Effect.gen(function* () {
    const store = yield* MemoryStore
    const now = yield* Clock.currentTimeMillis
    const saidFrom = now + FUTURE_SLACK_MS
    for (const { scope } of scopes.slice(0, SCOPES_LOOKED_AT)) {
      const [latest] = yield* store.latest({ scope, now, filter: { saidFrom }, limit: 1 })
      if (latest === undefined) continue
      return [
        warning(
          "dates",
          `a memory is dated ${new Date(latest.saidAt).toISOString()}, in the future`,
          "Set the clock of the machines that write here (timedatectl set-ntp true); ages and expiry go by it."
        )
      ]
    }
    return []
  })

/** From here on a scan of one user is felt. */
const HEAVY_ROWS = 20_000

const checkHeavy = (backend: string, scopes: ReadonlyArray<ScopeCount>): ReadonlyArray<Finding> => {
  const heavy = scopes.filter(({ rows }) => rows >= HEAVY_ROWS).length
  if (heavy === 0) return []
  const said = `${heavy} users have ${HEAVY_ROWS} memories or more`
  if (backend === "pgvector")
    return [
      warning(
        "size",
        said,
        "Give each an index of its own: PgVectorAdmin.tuneScope, or autoTuneRows in the config."
      )
    ]
  return backend === "hnsw" && !hasGraphs()
    ? [warning("size", said, "npm install hnswlib-node: their vector searches are then faster.")]
    : []
}

/** What can be seen of a store that is open. */
export const checkOpenStore = (
  backend: StoreConfig["backend"] | undefined
): Effect.Effect<ReadonlyArray<Finding>, never, AgentMemory | MemoryStore | StoreAdmin> =>
  Effect.gen(function* () {
    const admin = yield* StoreAdmin
    const scopes = yield* Stream.runCollect(allScopes)
    const rows = scopes.reduce((sum, one) => sum + one.rows, 0)
    return [
      ok(
        "store",
        `${admin.backend}: ${plural(rows, "memory", "memories")} in ${plural(scopes.length, "scope")}`
      ),
      yield* checkRoundTrip,
      ...(yield* checkDates(scopes)),
      ...checkHeavy(admin.backend, scopes)
    ]
  }).pipe(Effect.catch((error) => Effect.succeed([storeFault("round trip", backend, error)])))
