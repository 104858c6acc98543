import type { MemoryError, MemoryStore, Scope } from "@keepsake/core/driver"
import type * as Effect from "effect/Effect"
import { makeTouch } from "./requests/accessCounts.ts"
import { append, dropEntries, entries, listEntries } from "./requests/entries.ts"
import { list, listRows } from "./requests/list.ts"
import { count, get, latest, predecessors, speakers } from "./requests/read.ts"
import { remove } from "./requests/remove.ts"
import { type Serving, withinScope } from "./requests/Serving.ts"
import { sessions } from "./requests/sessions.ts"
import { lastTurn } from "./requests/turns.ts"
import { usage } from "./requests/usage.ts"
import { patch, put, supersede } from "./requests/write.ts"
import { around } from "./search/around.ts"
import { excerpts } from "./search/excerpts.ts"
import { search } from "./search/search.ts"

type Call<R, A> = (serving: Serving, request: R) => Effect.Effect<A, MemoryError>

export const makeStore = (serving: Serving): MemoryStore["Service"] => {
  /** Requests of a scope go to its shard alone. */
  const inShard =
    <R extends { readonly scope: Scope }, A>(call: Call<R, A>) =>
    (request: R): Effect.Effect<A, MemoryError> =>
      call(withinScope(serving, request.scope), request)
  return {
    put: inShard(put),
    get: inShard(get),
    search: inShard(search),
    around: inShard(around),
    excerpts: inShard(excerpts),
    speakers: inShard(speakers),
    lastTurn: inShard(lastTurn),
    list: inShard(list),
    listRows: inShard(listRows),
    latest: inShard(latest),
    predecessors: inShard(predecessors),
    sessions: inShard(sessions),
    patch: inShard(patch),
    supersede: inShard(supersede),
    remove: inShard(remove),
    append: inShard(append),
    entries: inShard((shard, request) => entries(shard.sessions, request)),
    listEntries: inShard((shard, request) => listEntries(shard.sessions, request)),
    dropEntries: inShard((shard, request) => dropEntries(shard.sessions, request)),
    touch: makeTouch(serving.points, serving.access),
    count: inShard(count),
    usage: inShard(usage)
  }
}
