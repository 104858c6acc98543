/**
 * `firstVersion.ts CHECKOUT PATH [stage]` opens a file with the first version's own code, writes to it, and with
 * `stage` begins a move to another embedder. It prints `ready`, waits for a line, then makes every call, and prints
 * each with the reason of its failure as a line of JSON.
 */
import { Effect, Layer } from "effect"
import { once } from "node:events"
import { pathToFileURL } from "node:url"
import type * as Core from "@keepsake/core"
import type * as Backend from "@keepsake/backend-hnsw"
import { DIMENSIONS, direction, makeFingerprint, makeRow, makeScope, NOW } from "../support/rows.ts"

const [checkout = "", path = "", stage] = process.argv.slice(2)
const load = (name: string): Promise<unknown> =>
  import(pathToFileURL(`${checkout}/packages/${name}/src/index.ts`).href)

// Its services have today's keys; of the differences in types none is used here.
const { MemoryStore, StoreAdmin, StoreFingerprint } = (await load("core")) as typeof Core
const { HnswStore } = (await load("backend-hnsw")) as typeof Backend

const scope = makeScope("ana")
/** The first version's rows have one vector and one list of terms. */
const makeFirstRow = (content: string, seed: number) => {
  const { memory, passages } = makeRow(scope, content, direction(seed, DIMENSIONS))
  const [{ terms, vector }] = passages
  return { memory, vector, terms } as never as ReturnType<typeof makeRow>
}
const rows = Array.from({ length: 50 }, (_, i) => makeFirstRow(`memory ${i}`, i))
const next = { ...makeFingerprint(DIMENSIONS), b: 0.5 }

const open = Layer.build(
  Layer.provide(HnswStore.layer({ path }), StoreFingerprint.layer(makeFingerprint(DIMENSIONS)))
)

const program = Effect.gen(function* () {
  const { admin, store } = yield* Effect.provideContext(
    Effect.all({ store: MemoryStore, admin: StoreAdmin }),
    yield* open
  )
  yield* store.put({ scope, now: NOW, rows })
  if (stage === "stage") {
    yield* admin.stage(next)
    yield* admin.fillStage(rows.slice(0, 20).map(({ memory, ...row }) => ({ ...row, scope, id: memory.id })))
  }
  process.stdout.write("ready\n")
  yield* Effect.promise(() => once(process.stdin, "data"))
  const [known, other] = rows
  if (known === undefined || other === undefined) return
  const { id } = known.memory
  const request = { scope, now: NOW, filter: {} as never, limit: 10 }
  const calls: Readonly<Record<string, Effect.Effect<unknown, Core.MemoryError>>> = {
    put: store.put({ scope, now: NOW, rows: [makeFirstRow("late", 99)] }),
    patch: store.patch({ scope, now: NOW, id, change: { pinned: true } }),
    supersede: store.supersede({ scope, now: NOW, id, row: other }),
    touch: store.touch({ scope, now: NOW, ids: [id] }),
    remove: store.remove({ scope, now: NOW, target: { _tag: "All" } }),
    eraseUser: admin.eraseUser({ userId: scope.userId }),
    expire: admin.expire({ now: NOW, limit: 10 }),
    stage: admin.stage(next),
    fillStage: admin.fillStage([]),
    commitStage: admin.commitStage,
    dropStage: admin.dropStage,
    get: store.get({ scope, now: NOW, ids: [id] }),
    search: store.search({ ...request, vector: direction(1, DIMENSIONS) } as never),
    list: store.list(request),
    count: store.count(request),
    reopen: Effect.scoped(open)
  }
  // The first call is the one that finds the file changed: with `stage` it is the one that would drop the vectors.
  const first = stage === "stage" ? "commitStage" : "put"
  const entries = Object.entries(calls)
  for (const [call, effect] of entries.toSorted(([a], [b]) => Number(b === first) - Number(a === first))) {
    const reason = yield* effect.pipe(
      Effect.as("none"),
      Effect.catch((error: Core.MemoryError) => Effect.succeed(error.reason._tag))
    )
    process.stdout.write(`${JSON.stringify({ call, reason })}\n`)
  }
})

await Effect.runPromise(Effect.scoped(program))
process.stdin.destroy()
