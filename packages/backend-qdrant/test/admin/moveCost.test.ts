import { assert, it } from "@effect/vitest"
import { ANY, type Cursor, type Fingerprint, STORE_LIMITS, type StoreRow } from "@keepsake/core/driver"
import { Effect } from "effect"
import type { QdrantServer } from "../server/QdrantServer.ts"
import { FINGERPRINT, openStore } from "../support/openStore.ts"
import { axis, NOW, passage, row, SCOPE } from "../support/rows.ts"
import { startStandIn } from "../support/standIn.ts"

const ROWS = 3_000
const PAGE = STORE_LIMITS.batch
const NEXT: Fingerprint = {
  ...FINGERPRINT,
  embedding: FINGERPRINT.embedding && { ...FINGERPRINT.embedding, model: "next" }
}

type Store = Effect.Success<ReturnType<typeof openStore>>

const fill = Effect.fnUntraced(function* ({ store }: Store) {
  const rows = Array.from({ length: ROWS }, (_, i) =>
    row(`Note ${i}: the freight of week ${i % 52} leaves after customs, says invoice ${i * 7}.`, {}, axis(i))
  )
  for (let i = 0; i < ROWS; i += PAGE) {
    yield* store.put({ scope: SCOPE, now: NOW, rows: rows.slice(i, i + PAGE) })
  }
})

const copy = Effect.fnUntraced(function* (from: Store, to: Store) {
  let after: Cursor | undefined
  do {
    const page: { rows: ReadonlyArray<StoreRow>; next: Cursor | null } = yield* from.store.listRows({
      scope: SCOPE,
      now: NOW,
      filter: ANY,
      closed: true,
      limit: PAGE,
      ...(after === undefined ? {} : { after })
    })
    yield* to.store.put({ scope: SCOPE, now: NOW, rows: page.rows })
    after = page.next ?? undefined
  } while (after !== undefined)
})

const reembed = Effect.fnUntraced(function* ({ admin }: Store) {
  for (;;) {
    const memories = yield* admin.unstaged({ limit: PAGE })
    if (memories.length === 0) break
    yield* admin.fillStage(
      memories.map(({ content, id, scope }) => ({ id, scope, passages: [passage(content)], owed: false }))
    )
    if (memories.length < PAGE) break
  }
  yield* admin.commitStage
})

/** Requests to points and bytes, both ways, of an effect. */
const costOf = Effect.fnUntraced(function* (server: QdrantServer, effect: Effect.Effect<void, unknown>) {
  server.requests.length = server.responses.length = 0
  yield* effect
  const requests = server.requests.filter(({ path }) => path.includes("/points/"))
  const sent = requests.reduce((sum, { body }) => sum + JSON.stringify(body).length, 0)
  return { requests: requests.length, bytes: sent + server.responses.reduce((sum, bytes) => sum + bytes, 0) }
})

it.live("a move to another embedder takes at most twice the requests and bytes of a copy", () =>
  Effect.gen(function* () {
    const server = yield* startStandIn()
    const from = yield* openStore({ url: server.url, collection: "from" })
    const to = yield* openStore({ url: server.url, collection: "to" })
    yield* fill(from)
    const copied = yield* costOf(server, copy(from, to))
    yield* from.admin.stage(NEXT)
    const moved = yield* costOf(server, reembed(from))
    const ratios = { requests: moved.requests / copied.requests, bytes: moved.bytes / copied.bytes }
    assert.isAtMost(ratios.requests, 2, JSON.stringify({ copied, moved }))
    assert.isAtMost(ratios.bytes, 2, JSON.stringify({ copied, moved }))
    const overwritten = server.requests.filter(({ body }) =>
      JSON.stringify(body ?? "").includes("overwrite_payload")
    )
    assert.strictEqual(overwritten.length, 0, "whole points need no second write")
  })
)
