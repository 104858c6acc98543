import { assert, it } from "@effect/vitest"
import type { Memory } from "@keepsake/core/driver"
import { encodeLifetime, type MemoryColumns } from "../../../src/codec/memoryRow.ts"
import { PackedMemories } from "../../../src/search/memories/PackedMemories.ts"
import { makeRow, makeScope, NOW } from "../../support/rows.ts"

const scope = makeScope("packed")

const makeMemory = (content: string, fields: Partial<Memory> = {}): Memory =>
  makeRow(scope, content, null, fields).memory

const pack = (packed: PackedMemories, slot: number, memory: Memory): void => {
  const row: MemoryColumns = {
    ...encodeLifetime(memory),
    id: memory.id,
    turn: memory.turn,
    said_at: memory.saidAt,
    created_at: memory.createdAt,
    access_count: memory.accessCount,
    accessed_at: memory.lastAccessedAt
  }
  const { content, key, metadata, sessionId, speaker } = memory
  const texts = [content, speaker, sessionId, metadata, ...(key === null ? [] : [key])]
  packed.set(slot, row, Buffer.from(JSON.stringify(texts)))
}

/** Every field with and without a value, and texts of several lengths in bytes. */
const memories: ReadonlyArray<Memory> = [
  makeMemory("plain"),
  makeMemory("Ærøskøbing 🦊 ".repeat(40), {
    type: "semantic",
    source: "tool",
    speaker: "Ann",
    sessionId: "s 1",
    turn: 0,
    key: "a key",
    metadata: { tags: ["x", { deep: null }] },
    pinned: true,
    importance: 0.1,
    expiresAt: NOW + 0.5,
    accessCount: 3,
    lastAccessedAt: NOW
  }),
  makeMemory('says "no"\\ twice', { speaker: "Ann" }),
  makeMemory("a key alone", { key: ",{}]", sessionId: "s" }),
  makeMemory("metadata alone", { metadata: { a: [1, {}] } }),
  makeMemory("a mark at the end }", { speaker: "[]", sessionId: ",{}]" }),
  makeMemory("closed", { validity: [{ from: NOW - 5, to: NOW - 1 }], turn: 7, sessionId: "s" })
]

it("gives memories back as they were, whatever was kept and dropped before", () => {
  const packed = new PackedMemories(50)
  for (let round = 0; round < 300; round++) {
    const slot = (round * 7) % 50
    const memory = memories[round % memories.length]
    assert.isDefined(memory)
    pack(packed, slot, memory)
    assert.deepStrictEqual(packed.get(scope, slot, memory), memory)
    if (round % 3 === 1) packed.delete(slot)
    if (round % 3 === 1) assert.isNull(packed.get(scope, slot, memory))
  }
  // A row that changes again and again does not leave its old records behind.
  const { bytes } = packed
  for (let round = 0; round < 2_000; round++) pack(packed, 3, memories[0] ?? makeMemory(""))
  assert.isBelow(packed.bytes, 2 * bytes)
  packed.clear()
  assert.isNull(packed.get(scope, 3, memories[0] ?? makeMemory("")))
  assert.strictEqual(packed.bytes, 0)
})

it("counts accesses, of rows that are kept", () => {
  const packed = new PackedMemories(50)
  const memory = makeMemory("asked for")
  pack(packed, 2, memory)
  for (const slot of [-1, 2, 2, 9]) packed.touch(slot, NOW + 5)
  assert.deepStrictEqual(packed.get(scope, 2, memory), {
    ...memory,
    accessCount: 2,
    lastAccessedAt: NOW + 5
  })
})

it("keeps no row with a past or a successor", () => {
  const packed = new PackedMemories(50)
  const past = makeMemory("again", {
    validity: [
      { from: NOW - 9, to: NOW - 5 },
      { from: NOW, to: null }
    ]
  })
  pack(packed, 0, past)
  pack(packed, 1, makeMemory("replaced", { supersededBy: past.id }))
  assert.isNull(packed.get(scope, 0, past))
  assert.isNull(packed.get(scope, 1, past))
})
