import { assert, it } from "@effect/vitest"
import { DatabaseSync } from "node:sqlite"
import { joinBodies, JoinedBodies, type JoinedValues } from "../../src/search/joinedBodies.ts"

const readJoined = (db: DatabaseSync): JoinedBodies => {
  const select = db.prepare(`SELECT ${joinBodies("b.rid")} FROM body b`)
  select.setReturnArrays(true)
  return new JoinedBodies(select.get() as unknown as JoinedValues)
}

it("gives back every byte of bodies that are joined, and leaves out long ones", () => {
  const db = new DatabaseSync(":memory:")
  db.exec("CREATE TABLE body (rid INTEGER PRIMARY KEY, data BLOB NOT NULL)")
  assert.deepStrictEqual(readJoined(db).keys, [])
  // Zeroes, and bytes that are no UTF-8.
  const bodies = [700, 16_384, 0, 16_385, 1, 700].map((length, i) =>
    Uint8Array.from({ length }, (_, at) => (at % 3 === 0 ? 0 : (at * 31 + i * 7) & 0xff))
  )
  const insert = db.prepare("INSERT INTO body VALUES (?, ?)")
  bodies.forEach((bytes, i) => insert.run(i * 10, bytes))
  const joined = readJoined(db)
  assert.deepStrictEqual(
    joined.keys,
    bodies.map((_, i) => i * 10)
  )
  for (const bytes of bodies) {
    const read = joined.next()
    if (bytes.length > 16_384) assert.isNull(read)
    else assert.deepStrictEqual(read === null ? null : Uint8Array.from(read), bytes)
  }
  joined.free()
  // What is no blob, in a file that is damaged, leaves the others as they are.
  db.exec("UPDATE body SET data = 'täxt' WHERE rid = 0; UPDATE body SET data = 7.5 WHERE rid = 10")
  const damaged = readJoined(db)
  assert.deepStrictEqual(
    Array.from(bodies, () => damaged.next()?.length ?? null),
    [5, 3, 0, null, 1, 700]
  )
  db.close()
})
