/** Sessions that the server ends at the worst moment: the process goes on. */
import { assert, it } from "@effect/vitest"
import { once } from "node:events"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { Pool } from "pg"
import { AgentMemory, promiseClient, StoreFingerprint } from "@keepsake/core"
import { Effect, Layer, Redacted } from "effect"
import { toMemoryError } from "../../src/connection/errors.ts"
import { poolDatabase } from "../../src/connection/poolDatabase.ts"
import { PgVectorStore } from "../../src/index.ts"
import {
  expectFailure,
  NO_SERVER,
  requireServerUrl,
  serverSchema,
  serverUrl,
  withClient
} from "../support/servers.ts"

const message = (type: string, body: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

const AUTHENTICATED = message("R", Buffer.alloc(4))
const READY = message("Z", Buffer.from("I"))
const TERMINATED = message(
  "E",
  Buffer.from("SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0")
)

/** A server that ends each session in the packet that makes it ready. */
const cruelServer = Effect.acquireRelease(
  Effect.promise(async () => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on("error", () => undefined)
      socket.once("data", () => socket.end(Buffer.concat([AUTHENTICATED, READY, TERMINATED])))
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    return { url: `postgres://user:password@127.0.0.1:${port}/db`, server, sockets }
  }),
  ({ server, sockets }) =>
    Effect.promise(async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    })
)

const collectUncaught = Effect.acquireRelease(
  Effect.sync(() => {
    const caught: Array<Error> = []
    // In front of Vitest's own listeners, which would fail the run.
    const others = process.listeners("uncaughtException")
    process.removeAllListeners("uncaughtException")
    process.on("uncaughtException", (error) => caught.push(error))
    return { caught, others }
  }),
  ({ others }) =>
    Effect.sync(() => {
      process.removeAllListeners("uncaughtException")
      for (const listener of others) process.on("uncaughtException", listener)
    })
)

it.live("a session that ends in the packet that makes it ready ends nothing else", () =>
  Effect.scoped(
    Effect.gen(function* () {
      const { caught } = yield* collectUncaught
      const { url } = yield* cruelServer
      const pool = new Pool({ connectionString: url, max: 2 })
      const database = poolDatabase(pool, { owned: true, namedStatements: true })
      for (let i = 0; i < 20; i++) {
        const failed = yield* expectFailure(
          Effect.tryPromise({
            try: () => database.transaction((session) => session.execute("select 1")),
            catch: toMemoryError
          })
        )
        assert.strictEqual(failed.reason._tag, "Unavailable", failed.message)
      }
      yield* Effect.promise(() => database.close())
      yield* Effect.sleep(50)
      assert.deepStrictEqual(caught, [])
    })
  )
)

const TERMINATIONS = 200

it.live.skipIf(serverUrl === undefined)(
  `${TERMINATIONS} ended sessions under load: every failure is typed, nothing is uncaught (${NO_SERVER})`,
  () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { caught } = yield* collectUncaught
        const schema = yield* serverSchema
        const url = Redacted.value(requireServerUrl())
        for (const rowLevelSecurity of [false, true]) {
          const pool = new Pool({ connectionString: url, max: 4, application_name: `ended ${schema}` })
          // The application's own listener.
          pool.on("error", () => undefined)
          const store = PgVectorStore.layer({
            schema,
            pool,
            tablePrefix: rowLevelSecurity ? "rls_" : "",
            rowLevelSecurity
          })
          yield* Effect.promise(async () => {
            const memory = await promiseClient(
              AgentMemory.layer().pipe(
                Layer.provideMerge(store),
                Layer.provideMerge(StoreFingerprint.wordsOnly)
              )
            )
            const ana = memory.for({ userId: "ana" })
            let running = true
            const untyped: Array<unknown> = []
            const work = async (n: number): Promise<void> => {
              for (let i = 0; running; i++) {
                const call = i % 2 === 0 ? ana.remember(`crate ${n} ${i}`) : ana.recall(`crate ${i}`)
                await call.catch((error: { readonly reason?: unknown }) => {
                  if (error.reason === undefined) untyped.push(error)
                })
              }
            }
            const workers = Array.from({ length: 8 }, (_, n) => work(n))
            await withClient(url, async (client) => {
              for (let ended = 0; ended < TERMINATIONS / 2;) {
                const { rowCount } = await client.query(
                  "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1",
                  [`ended ${schema}`]
                )
                ended += rowCount ?? 0
                await new Promise((done) => setTimeout(done, 2))
              }
            })
            running = false
            await Promise.all(workers)
            await memory.close()
            await pool.end()
            assert.deepStrictEqual(untyped, [])
          })
        }
        assert.deepStrictEqual(caught, [])
      })
    )
)
