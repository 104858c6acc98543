import { randomBytes } from "node:crypto"
import {
  checkVectors,
  Conflict,
  describeFingerprint,
  type Fingerprint,
  MemoryError,
  sameFingerprint,
  type Scope,
  type StagedRow,
  type StoreAdmin,
  Unavailable
} from "@keepsake/core/driver"
import { Effect } from "effect"
import { all, filterOf, hasId, inScope, is, must, mustNot } from "../codec/filter.ts"
import { empty, copyLateWrites, copyPayloads } from "./switchCollections.ts"
import { decode, memoryOf, scopeId, scopePayload, vectorsOf } from "../codec/memoryRow.ts"
import { type PointsApi, makePointsApi } from "../connection/PointsApi.ts"
import {
  findStage,
  forgetStage,
  makeStage,
  type ServingCollection,
  type StagedCollection,
  switchSpaces
} from "../schema/openCollection.ts"
import type { QdrantHttp } from "../connection/QdrantHttp.ts"
import type { RemoveStaged } from "../requests/write.ts"

type Admin = StoreAdmin["Service"]

export interface Staging extends Pick<
  Admin,
  "stage" | "unstaged" | "fillStage" | "commitStage" | "dropStage"
> {
  readonly removeStaged: RemoveStaged
}

const PAGE = 256

const conflict = (message: string): MemoryError => new MemoryError({ reason: new Conflict({ message }) })

/**
 * A second collection, filled while the first serves.
 *
 * Which rows it lacks is written on the serving rows (`staged` holds the stage's mark), so that any process
 * can fill it and a row that is replaced is lacking again. Its points carry vectors and scope but no text:
 * what is forgotten by a process that knows of no stage leaves no words behind. Their payloads follow at the
 * commit (`switchCollections.ts`), which is also when points of forgotten rows go.
 */
export const makeStaging = Effect.fnUntraced(function* (
  wire: QdrantHttp,
  serving: ServingCollection,
  points: PointsApi,
  moved: Effect.Effect<void>
) {
  let staged: StagedCollection | null = yield* findStage(wire)

  const unfinished = (cause: MemoryError): MemoryError =>
    new MemoryError({
      reason: new Unavailable({
        message: `The new space serves, but the old points are still in collection ${serving.name}, with what was written there in the last moment. Drop that collection once you have looked: what is forgotten from now on is not forgotten there.`,
        cause
      })
    })

  const lacking = (stage: StagedCollection) => mustNot(is("staged", stage.mark))

  const stage = Effect.fnUntraced(function* (next: Fingerprint) {
    staged ??= yield* findStage(wire)
    staged ??= yield* makeStage(wire, serving, next)
    const { fingerprint } = staged
    if (!sameFingerprint(fingerprint, next)) {
      yield* conflict(
        `A move to [${describeFingerprint(fingerprint)}] is under way; finish it or drop it before starting one to [${describeFingerprint(next)}].`
      )
    }
  })

  const unstaged = Effect.fnUntraced(function* ({ limit }: { readonly limit: number }) {
    if (staged === null) return []
    const wanted = filterOf(lacking(staged))
    const found = yield* points.scroll({ filter: wanted, limit, with_payload: true })
    return yield* decode(() => found.points.map(memoryOf))
  })

  /** Fills what the serving space still has, then marks it there. */
  const fillSome = Effect.fnUntraced(function* (stage: StagedCollection, rows: ReadonlyArray<StagedRow>) {
    const ids = rows.map(({ id }) => id)
    const { points: there } = yield* points.scroll({
      filter: filterOf(must(hasId(ids))),
      limit: ids.length,
      with_payload: ["scope"]
    })
    const scopes = new Map(there.map(({ id, payload }) => [String(id), payload?.["scope"]]))
    const kept = rows.filter(({ id, scope }) => scopes.get(id) === scopeId(scope))
    if (kept.length === 0) return
    yield* makePointsApi(wire, stage.alias).update("fill", [
      {
        upsert: {
          points: kept.map((row) => ({
            id: row.id,
            vector: vectorsOf(row),
            payload: scopePayload(row.scope)
          }))
        }
      }
    ])
    const byScope = Map.groupBy(kept, ({ scope }) => scopeId(scope))
    const marks = Array.from(byScope.values(), (group) => {
      const scope: Scope = group[0]?.scope ?? { agentId: "", userId: "" }
      const filter = filterOf(all(inScope(scope), must(hasId(group.map(({ id }) => id)))))
      return { set_payload: { payload: { staged: stage.mark }, filter } }
    })
    yield* points.update("mark", marks)
  })

  const fillStage = Effect.fnUntraced(function* (rows: ReadonlyArray<StagedRow>) {
    if (staged === null) return
    yield* checkVectors(
      staged.fingerprint,
      "rows.vector",
      rows.map(({ vector }) => vector)
    )
    for (let i = 0; i < rows.length; i += PAGE) yield* fillSome(staged, rows.slice(i, i + PAGE))
  })

  const whole = (stage: StagedCollection) =>
    Effect.flatMap(points.count(lacking(stage)), (missing) =>
      missing === 0 ? Effect.void : Effect.fail(conflict(`${missing} memories are not in the new space yet.`))
    )

  const commitStage = Effect.suspend(() => {
    const stage = staged
    if (stage === null) return Effect.fail(conflict("No move is under way: call stage first."))
    const pass = randomBytes(6).toString("hex")
    // By their own names: the aliases are about to change.
    const [from, to] = [makePointsApi(wire, serving.name), makePointsApi(wire, stage.name)]
    return Effect.gen(function* () {
      yield* whole(stage)
      yield* copyPayloads(from, to, pass)
      yield* whole(stage)
      yield* switchSpaces(wire, serving, stage)
      staged = null
      yield* moved
      // The old collection itself stays for the operator to drop: we delete points and nothing else.
      yield* Effect.mapError(
        Effect.andThen(copyLateWrites(from, to, stage.mark, pass), empty(from)),
        unfinished
      )
    })
  })

  const dropStage = Effect.gen(function* () {
    staged ??= yield* findStage(wire)
    if (staged === null) return
    yield* forgetStage(wire, staged)
    yield* empty(makePointsApi(wire, staged.name))
    staged = null
  })

  const removeStaged: RemoveStaged = Effect.fnUntraced(function* (conditions) {
    const stage = staged
    if (stage === null) return Effect.void
    const gone = yield* points.scrollAll(conditions, { with_payload: false })
    const ids = gone.map(({ id }) => String(id))
    return Effect.gen(function* () {
      for (let i = 0; i < ids.length; i += PAGE) {
        const some = filterOf(must(hasId(ids.slice(i, i + PAGE))))
        yield* makePointsApi(wire, stage.alias).update("delete staged", [{ delete: { filter: some } }])
      }
    })
  })

  const staging: Staging = { stage, unstaged, fillStage, commitStage, dropStage, removeStaged }
  return staging
})
