/** A program whose first purge fails: `node failingPurge.ts [onWarning]`. */
import { InMemoryStore, inMemoryData, MemoryError, StoreAdmin, Unavailable } from "@keepsake/core"
import { openMemory } from "@keepsake/keepsake"
import { Context, Effect, Layer } from "effect"

const asked = Promise.withResolvers<void>()
const reason = new Unavailable({ message: "Another process kept the file locked" })
const store = Layer.effectContext(
  Effect.gen(function* () {
    const context = yield* Layer.build(InMemoryStore.layerOf(inMemoryData()))
    const admin = Context.get(context, StoreAdmin)
    return Context.add(context, StoreAdmin, {
      ...admin,
      firstExpiry: Effect.succeed(0),
      expire: () =>
        Effect.suspend(() => {
          asked.resolve()
          return Effect.fail(new MemoryError({ reason }))
        })
    })
  })
)

const memory = await openMemory({
  store,
  ...(process.argv[2] === "onWarning"
    ? { onWarning: (message: string, cause: unknown) => console.log(`warning: ${message}: ${String(cause)}`) }
    : {})
})
await memory.for({ userId: "ana" }).remember("Ana ships on Fridays")
// The first purge runs beside the first calls.
await asked.promise
await new Promise((done) => setTimeout(done, 100))
await memory.close()
console.log("the program's own line")
