import { assert, describe, it } from "@effect/vitest"
import { withoutNames } from "../../src/text/speakerNames.ts"
import { makeRandom } from "../../src/testing/random.ts"
import { cpuTimeOf } from "../support/cpuTime.ts"
import { FUZZ_STRINGS } from "../support/fuzz.ts"

/** Speakers, a query, who is named, and what is left of the query. */
type Case = readonly [
  speakers: ReadonlyArray<string>,
  query: string,
  named: ReadonlyArray<string>,
  text: string
]

const CASES: { readonly [what: string]: ReadonlyArray<Case> } = {
  "every script": [
    [["田中", "佐藤"], "田中さんの犬の名前は？", ["田中"], "の犬の名前は？"],
    [["田中", "佐藤"], "佐藤は何を食べた？", ["佐藤"], "は何を食べた？"],
    [["田中 太郎"], "田中さんは元気？", ["田中 太郎"], "は元気？"],
    [["田中太郎"], "田中さんは元気？", ["田中太郎"], "は元気？"],
    [["アンナ"], "アンナの本", ["アンナ"], "の本"],
    [["王小明", "李华"], "小明喜欢喝什么茶？", ["王小明"], "喜欢喝什么茶？"],
    [["王小明", "李华"], "李华先生住在哪里？", ["李华"], "住在哪里？"],
    [["민수", "지우"], "지우의 고양이 이름은?", ["지우"], "고양이 이름은?"],
    [["민수", "지우"], "민수는 어디에 살아?", ["민수"], "어디에 살아?"],
    [["김지우"], "지우씨가 뭐라고 했어?", ["김지우"], "뭐라고 했어?"],
    [["Анна", "Иван"], "Что купила Анна?", ["Анна"], "Что купила ?"],
    [["Анна", "Иван"], "Кто видел Анну вчера?", ["Анна"], "Кто видел вчера?"],
    [["Анна Ким", "Анна Мейер"], "Что нравится Анне Ким?", ["Анна Ким"], "Что нравится ?"],
    [["Анна", "Иван"], "Где живёт брат Ивана?", ["Иван"], "Где живёт брат ?"],
    [["Андрей"], "Что сказали Андрею?", ["Андрей"], "Что сказали ?"],
    [["Γιώργος"], "Πού μένει ο αδερφός του Γιώργου;", ["Γιώργος"], "Πού μένει ο αδερφός του ;"],
    [["Άννα"], "Ποιο είναι το τηλέφωνο της Άννας;", ["Άννα"], "Ποιο είναι το τηλέφωνο της ;"],
    [["ليلى"], "ماذا قالت ليلى؟", ["ليلى"], "ماذا قالت ؟"],
    [["ليلى"], "ماذا قلت لليلى؟", ["ليلى"], "ماذا قلت ؟"],
    [["דנה"], "מה אמרתי לדנה?", ["דנה"], "מה אמרתי ?"],
    [["आना"], "आना को क्या पसंद है?", ["आना"], "को क्या पसंद है?"],
    [["আনা"], "আনার কুকুরের নাম কী?", ["আনা"], "কুকুরের নাম কী?"],
    [["สมชาย"], "สมชายชอบกินอะไร", ["สมชาย"], "ชอบกินอะไร"],
    [["Ayşe"], "Ayşe'nin kedisinin adı ne?", ["Ayşe"], "kedisinin adı ne?"],
    [["José"], "What does Jose eat?", ["José"], "What does eat?"],
    [["Anna", "Jürgen"], "Wie heißt Annas Hund?", ["Anna"], "Wie heißt Hund?"],
    [["Ana"], "Ana의 고양이", ["Ana"], "고양이"]
  ],
  "the longest match": [
    [["Anna Kim", "Anna Meyer"], "What does Anna Kim eat?", ["Anna Kim"], "What does eat?"],
    [["Anna Kim", "Anna Meyer"], "What does Anna eat?", ["Anna Kim", "Anna Meyer"], "What does eat?"],
    [
      ["Anna Kim", "Anna Meyer"],
      "Did Anna Kim call when Anna was ill?",
      ["Anna Kim"],
      "Did call when was ill?"
    ],
    [["Anna", "Anna Kim"], "What does Anna eat?", ["Anna"], "What does eat?"],
    [["Anna", "Anna Kim"], "what does anna kim eat?", ["Anna Kim"], "what does eat?"],
    [["Александр", "Александра"], "Что сказала Александра?", ["Александра"], "Что сказала ?"]
  ],
  "hyphens, marks and handles": [
    [["Anne-Marie"], "What did Anne-Marie's dog eat?", ["Anne-Marie"], "What did dog eat?"],
    [["Anne-Marie"], "What did Anne Marie eat?", ["Anne-Marie"], "What did eat?"],
    [["Anne"], "What did Anne-Marie eat?", [], "What did Anne-Marie eat?"],
    [["Jean-Luc", "-"], "a well-known mail of Jean-Luc", ["Jean-Luc"], "a well-known mail of"],
    [["-", "--", "...", "'"], "well-known - it's -- ...", [], "well-known - it's -- ..."],
    [["ana_k"], "What did @ana_k say?", ["ana_k"], "What did say?"],
    [["@ana_k"], "what did Ana_K say?", ["@ana_k"], "what did say?"],
    [["ana"], "What did Ana say?", ["ana"], "What did say?"],
    [["Ana"], "Who is ana@x.org?", [], "Who is ana@x.org?"],
    [["O'Brien"], "What did O'Brien say?", ["O'Brien"], "What did say?"],
    [["Dr. Kim", "Dr. Lee"], "What did Dr. Lee prescribe?", ["Dr. Lee"], "What did prescribe?"],
    [["Dr. Kim"], "What did Kim prescribe?", ["Dr. Kim"], "What did prescribe?"],
    [["🦊"], "What did 🦊 say?", ["🦊"], "What did say?"]
  ],
  "last names, titles, initials and other spellings": [
    [
      ["Siobhan O'Brien", "Niamh O'Neill"],
      "What does O’Brien teach?",
      ["Siobhan O'Brien"],
      "What does teach?"
    ],
    [["Liz Taylor", "Tom Baker"], "What does Mrs. Taylor play?", ["Liz Taylor"], "What does play?"],
    [["Kim Lee", "Anna Kim"], "What does Kim eat?", ["Kim Lee"], "What does eat?"],
    [["Kim Lee", "Anna Kim"], "What does Ms Kim eat?", ["Anna Kim"], "What does eat?"],
    [["Herr Doktor Krüger", "Anke"], "Wann operiert Krüger?", ["Herr Doktor Krüger"], "Wann operiert ?"],
    [["Krüger", "Anke"], "Wo hat Dr. Krueger studiert?", ["Krüger"], "Wo hat studiert?"],
    [["Joerg Mueller", "Anke"], "Wo wohnt Müller?", ["Joerg Mueller"], "Wo wohnt ?"],
    [["Joe", "Jo"], "What does Jo eat?", ["Jo"], "What does eat?"],
    [["T.J.", "J.R."], "what does TJ drive?", ["T.J."], "what does drive?"],
    [["TJ"], "What does T.J. drive?", ["TJ"], "What does drive?"],
    [["Vera Stolz jr.", "Ann"], "Where does Stolz live?", ["Vera Stolz jr."], "Where does live?"],
    [["Ana from support"], "What did support say?", [], "What did support say?"],
    [["민수", "지우"], "김민수는 뭘 마셔?", ["민수"], "뭘 마셔?"],
    [["佐藤花子", "田中太郎"], "花子の車の色は？", ["佐藤花子"], "の車の色は？"]
  ],
  "words that are no names": [
    [["Will"], "Will it rain?", [], "Will it rain?"],
    [["Will"], "Will's dog?", ["Will"], "dog?"],
    [["Will"], "WILL IT RAIN?", [], "WILL IT RAIN?"],
    [["Ana"], "WHAT DID ANA BUY?", ["Ana"], "WHAT DID BUY?"],
    [["The Rock"], "The dog is ill", [], "The dog is ill"],
    [["지우"], "지우개가 어디 있어?", [], "지우개가 어디 있어?"],
    [["林"], "森林はどこ？", [], "森林はどこ？"],
    [["林"], "林さんはどこ？", ["林"], "はどこ？"],
    [["アンナ"], "アンナプルナは高い", [], "アンナプルナは高い"],
    [["Ana"], "Anastasia's banana", [], "Anastasia's banana"]
  ]
}

describe("withoutNames", () => {
  for (const [what, cases] of Object.entries(CASES)) {
    for (const [speakers, query, named, text] of cases) {
      it(`knows ${what}: ${query} of ${speakers.join(", ")}`, () => {
        assert.deepStrictEqual(withoutNames(query, speakers), { text, named })
      })
    }
  }

  it("takes every printable character in a name, alone and within", () => {
    for (let code = 0x20; code < 0x7f; code++) {
      const mark = String.fromCharCode(code)
      for (const name of [mark, `An${mark}a`, `${mark}Ana`, `Ana${mark}`, `Ana ${mark}`]) {
        const { text } = withoutNames(`What did ${name} say - well-known?`, [name, "Ben"])
        assert.include(text, "known", name)
      }
    }
  })

  it("takes any text for a name and for a query", { timeout: 600_000 }, () => {
    const random = makeRandom(7)
    const alphabet = Array.from(
      "ab AB zé-_.'’@*+?()[]{}^$|\\/\n\u0000\u200d\u0301ßİıя́Анай지우의田中さんーアท็👩‍🚀ﷺﬁ١२\ud800"
    )
    const text = () => Array.from({ length: random.int(9) }, () => random.pick(alphabet)).join("")
    for (let i = 0; i < FUZZ_STRINGS; i++) {
      const speakers = [text(), text(), "Ana"]
      const { named } = withoutNames(`${text()} ${speakers[0] ?? ""} ${text()}`, speakers)
      if (named.some((name) => !speakers.includes(name)))
        assert.fail(`${JSON.stringify(speakers)} ${named.join()}`)
    }
  })

  it("is linear in the query and the names, whatever they are", () => {
    const plain = "The quick brown fox jumps over the lazy dog. ".repeat(2_200)
    const speakers = Array.from({ length: 1_000 }, (_, i) => `Person ${i}`)
    const usual = cpuTimeOf(() => withoutNames(plain, speakers))
    const worst: ReadonlyArray<readonly [query: string, speakers: ReadonlyArray<string>]> = [
      ["A ".repeat(50_000), Array.from({ length: 1_000 }, (_, i) => `${"A ".repeat(1 + (i % 120))}B${i}`)],
      ["Anna ".repeat(20_000), Array.from({ length: 1_000 }, (_, i) => `Anna ${i}`)],
      [speakers.join(" and ").repeat(5), speakers],
      ["Анну ".repeat(20_000), Array.from({ length: 1_000 }, (_, i) => `Анна${"а".repeat(i % 200)} Б`)],
      ["田".repeat(100_000), Array.from({ length: 1_000 }, (_, i) => "田".repeat(1 + (i % 250)))],
      ["지우".repeat(50_000), ["지우", "지"]],
      ["지의".repeat(50_000).replaceAll("지의지의지의", "$& "), ["지", "지의"]],
      [`a${"\u0301".repeat(99_999)}`, ["á"]],
      ["-".repeat(100_000), ["-"]],
      ["@".repeat(100_000), ["@"]],
      ["'".repeat(100_000), ["'"]],
      ["ﷺ ".repeat(50_000), ["ﷺ"]]
    ]
    for (const [query, names] of worst) {
      const time = cpuTimeOf(() => withoutNames(query, names))
      // Of a plain text as long as the query and the names together; a collection of garbage may fall into the five.
      const size = (query.length + names.join("").length) / plain.length
      assert.isBelow(time, 10 * usual * size + 20, `${query.slice(0, 6)}, plain text in ${usual} ms`)
    }
  })
})
