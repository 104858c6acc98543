import { assert, it } from "@effect/vitest"
import { toMemoryError } from "../../src/connection/errors.ts"

/** Not among the types of Node. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Memory: new (limits: { readonly initial: number; readonly maximum: number }) => {
      grow(pages: number): number
    }
  }
}

const thrownBy = (run: () => unknown): unknown => {
  try {
    run()
    return undefined
  } catch (error) {
    return error
  }
}

for (const [name, run] of [
  ["WebAssembly's", () => new WebAssembly.Memory({ initial: 1, maximum: 2 }).grow(5)],
  ["a buffer's", () => new ArrayBuffer(2 ** 53 - 1)],
  ["a text's", () => "x".repeat(2 ** 30)]
] as const) {
  it(`memory that is full, ${name}, is StorageFull and not damage`, () => {
    const { reason } = toMemoryError("/data/memory.db", thrownBy(run))
    assert.strictEqual(reason._tag, "StorageFull", reason.message)
    assert.include(reason.message, "/data/memory.db")
  })
}

it("lengths that contradict each other are damage", () => {
  for (const run of [
    () => new DataView(new ArrayBuffer(4)).getInt32(2),
    () => Buffer.alloc(4).readInt32LE(2),
    () => {
      throw new RangeError("A row's lengths contradict its size")
    }
  ]) {
    assert.strictEqual(toMemoryError("/data/memory.db", thrownBy(run)).reason._tag, "Corrupt")
  }
})
