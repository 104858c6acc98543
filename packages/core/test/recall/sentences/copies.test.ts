import { assert, describe, it } from "@effect/vitest"
import { isNearCopy, toOutline } from "../../../src/recall/sentences/copies.ts"
import { readSentences } from "../../../src/recall/sentences/readSentences.ts"
import { TOKENISER } from "../../../src/text/terms/tokenisers.ts"

const areCopies = ([a, b]: readonly [string, string]): boolean =>
  isNearCopy(toOutline(readSentences(a, TOKENISER)), toOutline(readSentences(b, TOKENISER)))

describe("near-copies", () => {
  it("say the same in nearly the same words, in any order", () => {
    const pairs: ReadonlyArray<readonly [string, string]> = [
      ["I drink green tea in the morning.", "In the morning I drink green tea!"],
      ["I always park the car behind the church.", "I park my car behind the church, always."],
      ["My sister Nele is a nurse in Bremen.", "Nele, my sister, is a nurse in Bremen."],
      ["We are planning to plant garlic along the fence.", "We plan to plant garlic along the fence."],
      ["Die Mülltonne wird am Dienstag geleert.", "Am Dienstag wird die Mülltonne geleert."]
    ]
    assert.deepStrictEqual(pairs.map(areCopies), [true, true, true, true, true])
  })

  it("are no statements that differ in a name, a letter, a direction or a denial", () => {
    const pairs: ReadonlyArray<readonly [string, string]> = [
      ["Karim paid for the pizza last night.", "Karin paid for the pizza last night."],
      [
        "Tomasz brings the projector, the cables and the loudspeakers on the last evening of the fair.",
        "Tobias brings the projector, the cables and the loudspeakers on the last evening of the fair."
      ],
      ["Meeting room A seats six people comfortably.", "Meeting room B seats six people comfortably."],
      ["Nora must take the pills before meals.", "Nora must take the pills after meals."],
      ["Wir essen vor dem Konzert im Gasthaus.", "Wir essen nach dem Konzert im Gasthaus."],
      ["I can work with aluminium.", "I cannot work with aluminium."],
      ["저는 새 의자가 좋아요.", "저는 새 의자가 안 좋아요."]
    ]
    assert.deepStrictEqual(
      pairs.filter(areCopies).map(([a]) => a),
      []
    )
  })
})
