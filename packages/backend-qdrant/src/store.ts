import type { MemoryStore } from "@keepsake/core/driver"
import type { PointsApi } from "./connection/PointsApi.ts"
import { around } from "./requests/around.ts"
import { list, listRows } from "./requests/list.ts"
import { count, get, lastTurn, latest, speakers } from "./requests/read.ts"
import { remove, type RemoveStaged } from "./requests/remove.ts"
import { search } from "./requests/search.ts"
import { makeTouch } from "./requests/touch.ts"
import { patch, put, supersede } from "./requests/write.ts"

/** `embedded`: whether the collection has vectors. */
export const makeStore = (
  points: PointsApi,
  embedded: boolean,
  removeStaged: RemoveStaged
): MemoryStore["Service"] => ({
  put: (request) => put(points, request),
  get: (request) => get(points, request),
  search: (request) => search(points, embedded, request),
  around: (request) => around(points, embedded, request),
  speakers: (request) => speakers(points, request),
  lastTurn: (request) => lastTurn(points, request),
  list: (request) => list(points, request),
  listRows: (request) => listRows(points, request),
  latest: (request) => latest(points, request),
  patch: (request) => patch(points, request),
  supersede: (request) => supersede(points, request),
  remove: (request) => remove(points, removeStaged, request),
  touch: makeTouch(points),
  count: (request) => count(points, request)
})
