/** A program that ends without closing its memory: `node leaveOpen.ts SCHEMA [URL]`; on PGlite without a URL. */
import { AgentMemory, promiseClient, StoreFingerprint } from "@keepsake/core"
import { Layer, Redacted } from "effect"
import { PgVectorStore } from "../../src/index.ts"
import { openPGlite } from "../support/servers.ts"

const [schema = "keepsake", url] = process.argv.slice(2)
const store = PgVectorStore.layer({
  schema,
  ...(url === undefined ? { pglite: await openPGlite() } : { url: Redacted.make(url) })
})
const memory = await promiseClient(
  AgentMemory.layer().pipe(Layer.provideMerge(store), Layer.provideMerge(StoreFingerprint.wordsOnly))
)
const ana = memory.for({ userId: "ana" })
await ana.remember("Crate 321 stands in hall 6")
await ana.recall("Where is crate 321?")
await ana.recall("").catch((error: Error) => console.log(`handled: ${error.message}`))
console.log("the end")
const end = performance.now()
process.on("exit", () => console.log(`held for ${Math.round(performance.now() - end)} ms`))
