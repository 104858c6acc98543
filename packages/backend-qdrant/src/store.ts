import type { MemoryStore } from "@keepsake/core/driver"
import { append, dropEntries, entries, listEntries } from "./requests/entries.ts"
import { list, listRows } from "./requests/list.ts"
import { count, get, latest, predecessors, speakers } from "./requests/read.ts"
import { remove } from "./requests/remove.ts"
import type { Serving } from "./requests/Serving.ts"
import { sessions } from "./requests/sessions.ts"
import { makeTouch } from "./requests/touch.ts"
import { lastTurn } from "./requests/turns.ts"
import { usage } from "./requests/usage.ts"
import { patch, put, supersede } from "./requests/write.ts"
import { around } from "./search/around.ts"
import { excerpts } from "./search/excerpts.ts"
import { search } from "./search/search.ts"

export const makeStore = (serving: Serving): MemoryStore["Service"] => ({
  put: (request) => put(serving, request),
  get: (request) => get(serving, request),
  search: (request) => search(serving, request),
  around: (request) => around(serving, request),
  excerpts: (request) => excerpts(serving, request),
  speakers: (request) => speakers(serving, request),
  lastTurn: (request) => lastTurn(serving, request),
  list: (request) => list(serving, request),
  listRows: (request) => listRows(serving, request),
  latest: (request) => latest(serving, request),
  predecessors: (request) => predecessors(serving, request),
  sessions: (request) => sessions(serving, request),
  patch: (request) => patch(serving, request),
  supersede: (request) => supersede(serving, request),
  remove: (request) => remove(serving, request),
  append: (request) => append(serving, request),
  entries: (request) => entries(serving.sessions, request),
  listEntries: (request) => listEntries(serving.sessions, request),
  dropEntries: (request) => dropEntries(serving.sessions, request),
  touch: makeTouch(serving.points),
  count: (request) => count(serving, request),
  usage: (request) => usage(serving, request)
})
