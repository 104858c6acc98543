import * as Effect from "effect/Effect"
import { putRow } from "../../store/inMemory/inMemoryData.ts"
import { invalidInput } from "../../memory/MemoryError.ts"
import { isUuid } from "../../memory/MemoryId.ts"
import { broken, type BrokenStore } from "./BrokenStore.ts"

export const brokenIds: ReadonlyArray<BrokenStore> = [
  broken(
    "takes an id in capitals for the same id",
    [
      "ids > get finds nothing under an id that is no lower-case UUID",
      "ids > patch changes nothing under an id that is no lower-case UUID",
      "ids > touch passes over an id that is no lower-case UUID",
      "ids > remove passes over an id that is no lower-case UUID",
      "ids > supersede closes nothing under an old id that is no lower-case UUID, and keeps the new row",
      "ids > a move passes over an id that is no lower-case UUID"
    ],
    ({ admin, store }) => {
      const lower = (ids: ReadonlyArray<string>) => ids.map((id) => id.toLowerCase())
      return {
        store: {
          get: (request) => store.get({ ...request, ids: lower(request.ids) }),
          patch: (request) => store.patch({ ...request, id: request.id.toLowerCase() }),
          touch: (request) => store.touch({ ...request, ids: lower(request.ids) }),
          remove: (request) =>
            store.remove(
              request.target._tag === "Ids"
                ? { ...request, target: { _tag: "Ids", ids: lower(request.target.ids) } }
                : request
            ),
          supersede: (request) => store.supersede({ ...request, id: request.id.toLowerCase() })
        },
        admin: {
          fillStage: (rows) => admin.fillStage(rows.map((row) => ({ ...row, id: row.id.toLowerCase() })))
        }
      }
    }
  ),
  broken(
    "fails where an id names no row",
    [
      "ids > get finds nothing under an id that is no lower-case UUID",
      "ids > supersede closes nothing under an old id that is no lower-case UUID, and keeps the new row",
      "ids > a move passes over an id that is no lower-case UUID"
    ],
    ({ admin, store }) => ({
      store: {
        get: (request) =>
          request.ids.every(isUuid) ? store.get(request) : Effect.fail(invalidInput("ids", "must be UUIDs")),
        supersede: (request) =>
          isUuid(request.id) ? store.supersede(request) : Effect.fail(invalidInput("id", "must be a UUID"))
      },
      admin: {
        fillStage: (rows) =>
          rows.every(({ id }) => isUuid(id))
            ? admin.fillStage(rows)
            : Effect.fail(invalidInput("rows.id", "must be a UUID"))
      }
    })
  ),
  broken(
    "keeps a row under any id",
    [
      "ids > put refuses a batch with an id that is no lower-case UUID, and writes nothing",
      "ids > supersede refuses a new row whose id is no lower-case UUID, and closes nothing"
    ],
    (_, data) => ({
      store: {
        put: ({ now, rows }) => Effect.sync(() => rows.map((row) => putRow(data, row, now))),
        supersede: ({ now, row }) =>
          Effect.sync(() => ({ outcome: putRow(data, row, now).outcome, closed: false }))
      }
    })
  )
]
