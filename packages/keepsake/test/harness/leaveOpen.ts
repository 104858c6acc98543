/** A program that ends without closing its memory: `node leaveOpen.ts STORE`. */
import { openMemory } from "@keepsake/keepsake"

const memory = await openMemory(process.argv[2] ?? "memory:")
const ana = memory.for({ userId: "ana" })
// Enough that the file is checkpointed by its thread.
for (let i = 0; i < 600; i++) await ana.remember(`Crate ${i} stands in hall ${i % 7}`)
await ana.recall("Where is crate 321?")
await ana.recall("").catch((error: Error) => console.log(`handled: ${error.message}`))
console.log("the end")
// A timer that holds the process up is one of them.
setImmediate(() => console.log(`held by: ${process.getActiveResourcesInfo().join()}`))
