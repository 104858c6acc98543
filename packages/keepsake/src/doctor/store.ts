import { randomUUID } from "node:crypto"
import {
  AgentMemory,
  Embedder,
  type Fingerprint,
  type MemoryError,
  MemoryStore,
  type ScopeCount,
  StoreAdmin
} from "@keepsake/core"
import {
  CLOCK_DOUBT_MS,
  type Condition,
  findNewest,
  findOtherModel,
  hasOldTerms
} from "@keepsake/core/driver"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { plural } from "../plural.ts"
import type { StoreConfig } from "../config/StoreConfig.ts"
import { allScopes } from "../interchange/scopes.ts"
import { isHnswlibInstalled } from "./file.ts"
import { fault, type Finding, ok, warning } from "./Finding.ts"

interface Fixes {
  readonly [reason: string]: string
}

const FIXES: { readonly [backend in StoreConfig["backend"]]: Fixes } = {
  memory: {},
  hnsw: {
    Unauthorized: "Give this account the right to read and write the file and its folder (chmod u+rw).",
    Corrupt: "Move the file away and import the last export, or restore it from a backup.",
    InvalidInput: "Name a file: file:./memory.db",
    StorageFull: "Free some space on the disk.",
    Timeout: "Another process locks the file: let it finish, or stop it."
  },
  pgvector: {
    Unavailable:
      "Start PostgreSQL, or correct host and port in the URL (test them: pg_isready -h HOST -p PORT).",
    Unauthorized: "Correct user and password in the URL, or grant the role the rights it lacks.",
    Unsupported: "Install the packages or the extension that the message names (create extension vector).",
    Timeout: "Find out why the server is slow or locked, or raise statementTimeoutMs."
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

/** The finding for a store that could not be opened or used. */
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

/** A scope of this run's own: another doctor may look at the store at the same time. A killed run leaves it for a day. */
const makeCanaryScope = () => ({ agentId: "keepsake-doctor", userId: `canary-${randomUUID()}` })

const TEST_CONTENT = "The canary sings in the mine at noon."

const checkRoundTrip: Effect.Effect<Finding, MemoryError, AgentMemory> = Effect.gen(function* () {
  const memory = yield* Effect.flatMap(AgentMemory, (memories) => memories.for(makeCanaryScope()))
  const { id } = yield* memory.remember({ content: TEST_CONTENT, ttlDays: 1 })
  const recollections = yield* Effect.ensuring(
    memory.recall(TEST_CONTENT, { minScore: 0 }),
    Effect.ignore(memory.forgetAll())
  )
  return recollections.some((recollection) => recollection.memory.id === id)
    ? ok("round trip", "remembered, recalled and forgot a test memory")
    : fault(
        "round trip",
        "recall does not find a memory that was just written",
        "Report this, with the store's version."
      )
})

const FUTURE_SLACK_MS = 3_600_000
const SCOPES_MAX = 100

/** A memory from the future comes from a machine whose clock is wrong. */
const checkDates = Effect.fnUntraced(function* (scopes: ReadonlyArray<ScopeCount>) {
  const store = yield* MemoryStore
  const now = yield* Clock.currentTimeMillis
  const filter: Condition = {
    _tag: "Compare",
    target: { field: "saidAt" },
    comparison: "gte",
    value: now + FUTURE_SLACK_MS
  }
  for (const { scope } of scopes.slice(0, SCOPES_MAX)) {
    const [latest] = yield* store.latest({ scope, now, filter, limit: 1 })
    if (latest === undefined) continue
    return [
      warning(
        "dates",
        `a memory is dated ${new Date(latest.memory.saidAt).toISOString()}, in the future`,
        "Set the clock of the machines that write here (timedatectl set-ntp true); ages and expiry go by it."
      )
    ]
  }
  return []
})

/** A store that rested for a year, or a clock that runs ahead. */
const checkClock = Effect.gen(function* () {
  const store = yield* MemoryStore
  const admin = yield* StoreAdmin
  const now = yield* Clock.currentTimeMillis
  const newest = yield* findNewest(store, admin, { before: now, since: now - CLOCK_DOUBT_MS })
  return newest === null || now - newest <= CLOCK_DOUBT_MS
    ? []
    : [
        warning(
          "clock",
          `the newest memory is of ${new Date(newest).toISOString()}, more than a year before this machine's clock`,
          "Set the clock if it runs ahead (timedatectl set-ntp true). Until then a process purges expired memories only a day after it opened the store."
        )
      ]
})

/** Rows from which the scan of a scope takes noticeable time. */
const LARGE_SCOPE_ROWS = 20_000

const checkSizes = (backend: string, scopes: ReadonlyArray<ScopeCount>): ReadonlyArray<Finding> => {
  const largeScopes = scopes.filter(({ rows }) => rows >= LARGE_SCOPE_ROWS).length
  if (largeScopes === 0) return []
  const detail = `${plural(largeScopes, "scope")} of ${LARGE_SCOPE_ROWS} memories or more`
  if (backend === "pgvector")
    return [
      warning(
        "size",
        detail,
        "Build an index for each: PgVectorAdmin.tuneScope, or autoTuneRows in the config."
      )
    ]
  return backend === "hnsw" && !isHnswlibInstalled()
    ? [warning("size", detail, "Run npm install hnswlib-node for faster vector search.")]
    : []
}

const checkTerms = (fingerprint: Fingerprint): ReadonlyArray<Finding> =>
  hasOldTerms(fingerprint)
    ? [
        warning(
          "words",
          `the store was filled by an earlier version, with words that are found in one language and spelling (${fingerprint.tokeniser})`,
          "Move it while it serves: keepsake reembed --to EMBEDDER, the one it has (none for keyword search alone)."
        )
      ]
    : []

/** Rows of which the doctor looks whether they are owed vectors. */
const OWED_MAX = 1_000

const checkOwed = Effect.gen(function* () {
  const admin = yield* StoreAdmin
  const owed = (yield* admin.owed({ limit: OWED_MAX })).length
  if (owed === 0) return []
  return [
    warning(
      "vectors",
      `${owed === OWED_MAX ? `at least ${OWED_MAX} memories` : plural(owed, "memory", "memories")} without a vector, since the embedder failed when they were written: words alone find them`,
      "They get it while a program has the store open, or at once: keepsake reembed --to EMBEDDER"
    )
  ]
})

const checkModel = Effect.gen(function* () {
  const embedder = yield* Effect.serviceOption(Embedder)
  if (Option.isNone(embedder)) return []
  const problem = yield* findOtherModel(yield* MemoryStore, yield* StoreAdmin, embedder.value)
  return problem === null
    ? []
    : [
        fault(
          "model",
          problem,
          "Give the model that the store was filled with. Or move the store to the new one: keepsake reembed --to none, then keepsake reembed --to EMBEDDER"
        )
      ]
})

/** What `keepsake doctor` says of a store that the default embedder does not fill. */
const checkWordsAlone = ({ embedding }: Fingerprint, isDefault: boolean): ReadonlyArray<Finding> =>
  isDefault && embedding === null
    ? [
        ok(
          "meaning",
          "the store was filled by words alone and goes on so; keepsake reembed --to static adds meaning"
        )
      ]
    : []

const checkAll = Effect.fnUntraced(function* (isDefault: boolean) {
  const admin = yield* StoreAdmin
  const scopes = yield* Stream.runCollect(allScopes)
  const rowCount = scopes.reduce((sum, { rows }) => sum + rows, 0)
  return [
    ok(
      "store",
      `${admin.backend}: ${plural(rowCount, "memory", "memories")} in ${plural(scopes.length, "scope")}`
    ),
    ...(admin.advice ?? []).map(({ fix, problem }) => warning("server", problem, fix)),
    admin.mode.readOnly ? ok("round trip", "left out: the store is opened read-only") : yield* checkRoundTrip,
    ...checkTerms(yield* admin.fingerprint),
    ...checkWordsAlone(yield* admin.fingerprint, isDefault),
    ...(yield* checkDates(scopes)),
    ...(yield* checkClock),
    ...(yield* checkOwed),
    ...(yield* checkModel),
    ...checkSizes(admin.backend, scopes)
  ]
})

/** Checks a store that is open; `isDefault`: no embedder is named. */
export const checkOpenStore = (
  backend: StoreConfig["backend"] | undefined,
  isDefault = false
): Effect.Effect<ReadonlyArray<Finding>, never, AgentMemory | MemoryStore | StoreAdmin> =>
  checkAll(isDefault).pipe(
    Effect.catch((error) => Effect.succeed([storeFault("round trip", backend, error)]))
  )
