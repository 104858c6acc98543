import { assert, describe, it } from "@effect/vitest"
import { type Candidate, Filling, type Form } from "../../src/context/Filling.ts"
import type { WrittenItem } from "../../src/context/renderContext.ts"
import { withWorthOfEarlier } from "../../src/context/writeCandidates.ts"

const toForm = (id: string, tokens: number): Form => ({
  // The budget reads nothing else of what is written.
  written: { item: { memory: { id } } } as WrittenItem,
  tokens
})

const candidate = (id: string, tokens: number, more: Partial<Candidate> = {}): Candidate => ({
  id,
  part: "relevant",
  worth: 0.1,
  whole: toForm(id, tokens),
  group: id,
  behind: null,
  cut: null,
  shortTokens: tokens,
  ...more
})

/** A line by itself takes 10 tokens beside its text, lines that stand together 4 each and 8. */
const open = () =>
  new Filling({
    heading: () => 5,
    marks: (group) => (group.length < 2 ? 10 * group.length : 8 + 4 * group.length)
  })

const idsOf = (filling: Filling) => filling.forms().map(({ written }) => written.item.memory.id)

describe("a budget of tokens", () => {
  it("takes what is worth most for its tokens first", () => {
    const filling = open()
    const queues = [
      candidate("long", 90, { worth: 0.3 }),
      candidate("short", 20),
      candidate("worthless", 5, { worth: 0.01 })
    ].map((one) => [one])
    filling.takeByWorth(queues, 60)
    assert.deepStrictEqual(idsOf(filling), ["short", "worthless"])
    assert.strictEqual(filling.used, 5 + 30 + 15)
    filling.takeByWorth(queues, 150)
    assert.deepStrictEqual(idsOf(filling), ["short", "worthless", "long"])
  })

  it("takes what says a memory otherwise for what that memory is worth, and the memory beside it", () => {
    const filling = open()
    const pair = [
      candidate("fragment", 10, { worth: 0.01 }),
      candidate("order", 20, { worth: 0.3, behind: "fragment" })
    ]
    const all = withWorthOfEarlier([candidate("other", 20), ...pair])
    filling.takeByWorth(
      all.map((one) => [one]),
      60
    )
    assert.deepStrictEqual(idsOf(filling), ["fragment", "order"])
  })

  it("counts what stands together as it is written, and takes it sooner", () => {
    const filling = open()
    const mate = candidate("mate", 20, { group: "monday" })
    filling.take([candidate("first", 20, { group: "monday" })], 1_000)
    assert.strictEqual(filling.used, 5 + 30)
    filling.takeByWorth([[candidate("other", 18)], [mate]], 65)
    assert.deepStrictEqual(idsOf(filling), ["first", "mate"])
    assert.strictEqual(filling.used, 5 + 8 + 4 + 4 + 40)
  })

  it("takes a queue in its order, what fits of it", () => {
    const filling = open()
    const queue = [candidate("newest", 40), candidate("huge", 500), candidate("oldest", 5)]
    filling.takeByWorth([queue], 100)
    assert.deepStrictEqual(idsOf(filling), ["newest", "oldest"])
  })

  it("takes what was so before only beside what is so now", () => {
    const before = candidate("before", 5, { worth: 0.9, behind: "now" })
    const alone = open()
    alone.takeByWorth([[before], [candidate("now", 500)]], 100)
    assert.deepStrictEqual(idsOf(alone), [])
    const both = open()
    both.takeByWorth([[before], [candidate("now", 20)], [candidate("else", 15, { worth: 0.05 })]], 60)
    assert.deepStrictEqual(idsOf(both), ["now", "before"])
  })

  it("takes all whole or none, and leaves itself as it was", () => {
    const filling = open()
    const all = [candidate("a", 30), candidate("b", 30)]
    assert.isNull(filling.withWhole(all, 84))
    assert.deepStrictEqual(idsOf(filling.withWhole(all, 85) ?? filling), ["a", "b"])
    assert.deepStrictEqual(idsOf(filling), [])
  })

  it("puts longer forms in the place of short ones, in the part that shows them", () => {
    const filling = open()
    const cut = (tokens = 20) => toForm("long", tokens)
    const long = candidate("long", 200, { cut, shortTokens: 20 })
    const elsewhere: Candidate = { ...long, part: "lastTime" }
    filling.take([long], 100)
    filling.widen([elsewhere, long], 100)
    assert.strictEqual(filling.used, 100)
    filling.widen([elsewhere, long], 500)
    assert.deepStrictEqual(filling.forms(), [long.whole])
    assert.strictEqual(filling.used, 5 + 10 + 200)
  })
})
