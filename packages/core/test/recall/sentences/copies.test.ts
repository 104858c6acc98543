import { assert, describe, it } from "@effect/vitest"
import { isNearCopy, toOutline } from "../../../src/recall/sentences/copies.ts"
import { readSentences } from "../../../src/recall/sentences/readSentences.ts"
import { TOKENISER } from "../../../src/text/terms/tokenisers.ts"

const areCopies = ([a, b]: readonly [string, string]): boolean =>
  isNearCopy(toOutline(readSentences(a, TOKENISER), a), toOutline(readSentences(b, TOKENISER), b))

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

  it("are found by characters where words are not spaced, and beside words that say how often", () => {
    const pairs: ReadonlyArray<readonly [string, string]> = [
      ["我早上喝绿茶", "早上我喝绿茶。"],
      ["我早上喝绿茶", "我每天早上都喝绿茶"],
      ["朝に緑茶を飲む", "緑茶は毎朝飲みます"],
      ["朝に緑茶を飲む", "私は朝、緑茶を飲む"],
      ["Corro por la mañana", "Siempre corro por las mañanas"],
      ["Я пью зелёный чай утром", "Утром я всегда пью зелёный чай"]
    ]
    assert.deepStrictEqual(
      pairs.filter((pair) => !areCopies(pair)),
      []
    )
  })

  it("are no statements of the same words in which one does the other's part, or of other characters", () => {
    const pairs: ReadonlyArray<readonly [string, string]> = [
      ["Sam is older than Kim", "Kim is older than Sam"],
      ["Tom owes Ann forty euros", "Ann owes Tom forty euros"],
      ["The cable goes from the shed to the house", "The cable goes from the house to the shed"],
      ["Sara llamó a Marta", "Marta llamó a Sara"],
      ["Der Hund jagt die Katze", "Die Katze jagt den Hund"],
      ["부산에서 서울까지 가는 표", "서울에서 부산까지 가는 표"],
      ["민수가 지우를 도왔어요", "지우가 민수를 도왔어요"],
      ["The monthly report goes to Oslo", "The yearly report goes to Oslo"],
      ["الاجتماع قبل الغداء", "الاجتماع بعد الغداء"],
      ["The weekly meeting is at the office", "The daily meeting is at the office"],
      ["田中は佐藤より背が高い", "佐藤は田中より背が高い"],
      ["我爱喝绿茶不爱咖啡", "我爱咖啡不爱喝绿茶"],
      ["我早上喝绿茶", "我弟弟早上喝绿茶"],
      ["小王每天早上七点在公园里跑步", "每天早上七点在公园里跑步"],
      ["我饭前吃这种药", "我饭后吃这种药"],
      ["会议在三楼的大厅", "会议在四楼的大厅"],
      ["東京から京都に行く", "東京まで京都に行く"],
      ["父に腕時計をあげた", "父に腕時計をもらった"],
      ["夜は緑茶を飲む", "夜は緑茶を飲まない"]
    ]
    assert.deepStrictEqual(pairs.filter(areCopies), [])
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
