import { assert, it } from "@effect/vitest"
import { LruMap } from "../../src/runtime/LruMap.ts"
import { makeRandom } from "../../src/testing/random.ts"

it("a random program evicts what was used longest ago", () => {
  for (const capacity of [0, 1, 5]) {
    const random = makeRandom(capacity)
    const evicted: Array<number> = []
    const map = new LruMap<number, string>(capacity, (key) => evicted.push(key))
    /** Least recently used first. */
    let keys: Array<number> = []
    for (let step = 0; step < 2_000; step++) {
      const key = random.int(9)
      const others = keys.filter((other) => other !== key)
      const roll = random.int(100)
      if (roll === 0) {
        map.clear()
        keys = []
      } else if (roll < 10) {
        map.delete(key)
        keys = others
      } else if (roll < 50) {
        assert.strictEqual(map.get(key), keys.includes(key) ? `${key}` : undefined)
        if (keys.includes(key)) keys = [...others, key]
      } else {
        map.set(key, `${key}`)
        keys = [...others, key]
        if (keys.length > capacity) assert.strictEqual(evicted.pop(), keys.shift())
      }
      assert.deepStrictEqual([map.keys(), evicted], [keys, []])
    }
  }
})
