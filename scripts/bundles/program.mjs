import { openMemory } from "@keepsake/keepsake"

const STORE = "file:./memory.db"

/** Writes 1,000 rows, reads them from the reopened file, and tries a store whose package is optional. */
export const main = async () => {
  const memory = await openMemory(STORE)
  const ana = memory.for({ userId: "ana" })
  for (let i = 0; i < 500; i++) await ana.remember(`Crate ${i} stands in hall ${i % 7}`)
  await ana.rememberMany(
    Array.from({ length: 500 }, (_, i) => ({ content: `Parcel ${i} left on day ${i % 30}` }))
  )
  await memory.close()

  const reopened = await openMemory(STORE)
  const reader = reopened.for({ userId: "ana" })
  const rows = await reader.count()
  const [best] = await reader.recall("Where is crate 321?")
  await reopened.close()

  const qdrant = await openMemory("qdrant+http://127.0.0.1:9").then(
    () => "opened",
    (error) => error.reason?._tag ?? String(error)
  )
  return { rows, best: best?.memory.content, qdrant }
}
