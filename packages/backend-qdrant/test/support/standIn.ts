import { Effect } from "effect"
import type { Fault, Faults } from "../server/faults.ts"
import { type QdrantServer, startCluster, startQdrant } from "../server/QdrantServer.ts"
import { openStore } from "./openStore.ts"

/** A stand-in that stops with the Effect scope. */
export const startStandIn = (options: Parameters<typeof startQdrant>[0] = {}) =>
  Effect.acquireRelease(
    Effect.promise(() => startQdrant(options)),
    (server) => Effect.promise(() => server.stop())
  )

/** A stand-in of several nodes, which stop with the Effect scope. */
export const startStandInCluster = (size: number) =>
  Effect.acquireRelease(
    Effect.promise(() => startCluster(size)),
    (cluster) => Effect.promise(() => cluster.stop())
  )

/** A stand-in and a store on it. `opening` has the requests of opening, `server.requests` only later ones. */
export const openOnStandIn = Effect.fnUntraced(function* () {
  const server = yield* startStandIn()
  const { admin, store } = yield* openStore({ url: server.url })
  const opening = server.requests.splice(0)
  return { server, store, admin, opening }
})

/** The requests to paths with this ending. */
export const requestsTo = ({ requests }: QdrantServer, ending: string) =>
  requests.filter(({ path }) => path.endsWith(ending))

/** The bodies of the requests to paths with this ending. */
export const bodiesTo = (server: QdrantServer, ending: string) =>
  requestsTo(server, ending).map(({ body }) => body)

/** A fault for the first `times` requests to paths with this ending. */
export const failFirst = (times: number, ending: string, fault: Fault): Faults => {
  let left = times
  return ({ path }) => (path.endsWith(ending) && left-- > 0 ? fault : undefined)
}
