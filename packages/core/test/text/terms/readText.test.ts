import { assert, describe, it } from "@effect/vitest"
import { makeRandom } from "../../../src/testing/random.ts"
import { documentTerms, queryTerms } from "../../../src/text/bm25.ts"
import { foldText } from "../../../src/text/terms/foldText.ts"
import { readText } from "../../../src/text/terms/readText.ts"
import { splitCase } from "../../../src/text/terms/splitIdentifier.ts"
import { formAt } from "../../../src/text/terms/RunForms.ts"
import { stemWord } from "../../../src/text/terms/stem.ts"
import { formId, NO_TERM } from "../../../src/text/terms/Word.ts"

/** Σ of a text's weights of a question's terms: what a store adds up, without rarity. */
const weigh = (question: string, memory: string): number => {
  const { ids, weights } = documentTerms(memory)
  return queryTerms(question).reduce((sum, term) => sum + (weights[ids.indexOf(term)] ?? 0), 0)
}

const finds = (kind: string, cases: ReadonlyArray<readonly [question: string, memory: string]>): void => {
  describe(kind, () => {
    for (const [question, memory] of cases)
      it(`${JSON.stringify(question)} finds ${JSON.stringify(memory)}`, () => {
        assert.isAbove(weigh(question, memory), 0)
      })
  })
}

const passesOver = (
  kind: string,
  cases: ReadonlyArray<readonly [question: string, memory: string]>
): void => {
  describe(kind, () => {
    for (const [question, memory] of cases)
      it(`${JSON.stringify(question)} does not find ${JSON.stringify(memory)}`, () => {
        assert.strictEqual(weigh(question, memory), 0)
      })
  })
}

finds("spellings", [
  ["Jurgen", "Jürgen mauert"],
  ["Juergen", "Jürgen mauert"],
  ["GOETHESTRASSE", "in der Goethestraße"],
  ["Tromso", "Flug nach Tromsø"],
  ["Wroclaw", "pociąg do Wrocławia, Wrocław Główny"],
  ["Aeroskobing", "Ærøskøbing havn"],
  ["thora", "Þóra syngur"],
  ["oeuvre", "une œuvre"],
  ["ISPARTA", "Isparta'da gül"],
  ["isparta", "ISPARTA'DA"],
  ["ızgara", "IZGARA"],
  ["istanbul", "İSTANBUL"],
  ["елка", "ёлка во дворе"],
  ["ουρανος", "ο ουρανός"],
  ["ΟΥΡΑΝΟΣ", "ουρανός"],
  ["احمد", "أحمد في البيت"],
  ["كتاب", "كِتَابٌ قديم"],
  ["سلام", "ســـلام"],
  ["شلום".replace("شل", "של"), "שָׁלוֹם לכולם"],
  ["office", "the o\ufb03ce"],
  ["KLM", "ＫＬＭ航空"],
  ["42", "٤٢ كتابا"],
  ["42", "४२ किताबें"],
  ["cooperation", "co\u00adopera\u200btion"],
  ["F-16", "F\u201116 and F\u221216"],
  ["m2", "12 m²"]
])

finds("scripts without spaces, and with particles", [
  ["蛇", "院子里有一条蛇"],
  ["苏州", "我们在苏州吃面条"],
  ["さくら", "サクラが咲いた"],
  ["コピー", "ｺﾋﾟｰ機の紙"],
  ["หลังคา", "แมวนอนบนหลังคา"],
  ["ឆ្មា", "ខ្ញុំមានឆ្មាមួយ"],
  ["ကြောင်", "ကျွန်တော့်ကြောင်"],
  ["ໝາ", "ຂ້ອຍມີໝາ"],
  ["지붕", "고양이는 지붕에서 잔다"],
  ["고양이", "길고양이들이 많다"],
  ["Jira", "버그는 Jira에 적는다"],
  ["Redis", "使用Redis缓存"],
  ["🚲", "New 🚲 since Monday"],
  ["🇵🇹", "Holiday 🇵🇹"]
])

finds("inflection", [
  ["ferry", "two ferries"],
  ["wolf", "the wolves"],
  ["Ziege", "drei Ziegen"],
  ["Vertrag", "die Verträge"],
  ["gato", "dos gatas"],
  ["cheval", "les chevaux"],
  ["brief", "drie brieven"],
  ["kat", "de katten"],
  ["talo", "talossani"],
  ["ev sahibi", "evin sahibine"],
  ["kitap", "kitabımı okudum"],
  ["собака", "с собаками"],
  ["хата", "у хаті"],
  ["γάτα", "οι γάτες"],
  ["مدرسة", "المدارس"],
  ["ילד", "הילדים"],
  ["लड़का", "लड़कों"],
  ["দোকান", "দোকানের"],
  ["Versicherung", "Haftpflichtversicherung"],
  ["luggage insurance", "insurances"]
])

finds("identifiers", [
  ["user profile", "getUserProfile"],
  ["userProfileId", "user_profile_id"],
  ["http response", "parseHTTPResponse"],
  ["signoff", "sign-off"],
  ["sign-off", "signoff"],
  ["iPhone15Pro", "iPhone 15 Pro"],
  ["10km", "10 km"],
  ["10 km", "a 10km run"],
  ["3.2.1", "v3.2.1"],
  ["1250000", "1,250,000 units"],
  ["1250000", "1.250.000 Stück"],
  ["1250000", "1 250 000 kusů"],
  ["ADR 16", "ADR-0016"],
  ["+436641234567", "+43 664 123 4567"],
  ["0664 1234567", "+436641234567"],
  ["AT483200000012345864", "AT48 3200 0000 1234 5864"],
  ["0b9d6a7e4c1f4d2ab3c48f0e1d2c3b4a", "0b9d6a7e-4c1f-4d2a-b3c4-8f0e1d2c3b4a"],
  ["9fceb02d", "commit 9fceb02d0ae598e95dc970b74767f19372d61af8"],
  ["firma.example", "mail to lena@firma.example"],
  ["lena", "mail to lena@firma.example"],
  ["docs.firma.example", "https://docs.firma.example/v2?x=1"],
  ["keepsake.json", "C:\\work\\keepsake.json"],
  ["2:30 pm", "um 14:30"],
  ["12000", "the budget is 12k"],
  ["c++", "Ben writes C++"]
])

passesOver("what is another thing", [
  ["2.14.3", "21.4.6"],
  ["й", "и"],
  ["c++", "vitamin c"],
  ["lorry", "the ferry"]
])

describe("function words", () => {
  it("are left out in a text of their language alone", () => {
    assert.strictEqual(weigh("the", "The ferry and the bus"), 0)
    assert.strictEqual(weigh("Wo ist die Fähre?", "die and dice in the box"), 0)
    assert.isAbove(weigh("did he die", "They die in the book"), 0)
  })

  it("are terms where a capital inside a sentence makes them names", () => {
    for (const [question, memory] of [
      ["IT", "Ines leads IT at work"],
      ["US", "The US office is open"],
      ["Will", "Will plays the cello"],
      ["The Who", "We heard The Who in Leeds"]
    ] as const)
      assert.isAbove(weigh(question, memory), 0, memory)
    assert.strictEqual(weigh("it", "I like it"), 0)
    assert.strictEqual(weigh("Will", "Will you come to the harbour?"), 0)
  })

  it("are asked for if there is nothing else", () => {
    assert.isAbove(queryTerms("to be or not to be").length, 0)
  })

  it("split from the words that they are elided before, and no name does", () => {
    assert.isAbove(weigh("aspirateur", "Il cherche l'aspirateur"), 0)
    assert.isAbove(weigh("acqua", "un bicchiere dell\u2019acqua"), 0)
    assert.include(Array.from(queryTerms("O'Brien")), formId("whole", "obrien"))
    assert.isAbove(weigh("Brien", "Mr O'Brien"), 0)
  })
})

describe("forms", () => {
  it("weigh the whole more than its parts", () => {
    for (const [whole, memory, parts] of [
      ["getUserProfile", "getUserProfile", "get user profile"],
      ["Ziegen", "Ziegen", "Ziege"],
      ["0b9d6a7e-4c1f-4d2a-b3c4-8f0e1d2c3b4a", "0b9d6a7e-4c1f-4d2a-b3c4-8f0e1d2c3b4a", "0b9d6a7e 4c1f"],
      ["고양이가", "고양이가", "길고양이떼가"]
    ] as const)
      assert.isAbove(weigh(whole, memory), weigh(whole, parts), whole)
  })

  it("give a term one form in every text", () => {
    // An id that were a whole form in one text and a part in another would have two weights.
    const whole = new Set<number>()
    const weak = new Set<number>()
    for (const text of [
      "user",
      "getUser",
      "user_name",
      "username",
      "Versicherung",
      "Krankenversicherung",
      "猫",
      "猫が"
    ]) {
      const { joined, words } = readText(text)
      for (const word of [...words, ...joined]) {
        if (word.whole !== NO_TERM) whole.add(word.whole)
        if (word.stem !== NO_TERM) weak.add(word.stem)
      }
      for (const { pieces } of words) for (const piece of pieces) weak.add(piece)
    }
    assert.deepStrictEqual(
      Array.from(whole).filter((id) => weak.has(id)),
      []
    )
  })

  it("share a stem among the inflections of a word", () => {
    for (const words of [
      ["собака", "собаки", "собаке", "собаку", "собакой", "собак", "собаками"],
      ["ziege", "ziegen"],
      ["maison", "maisons"],
      ["kirja", "kirjan", "kirjassa", "kirjoja"],
      ["γατα", "γατεσ", "γατασ"]
    ])
      assert.strictEqual(new Set(words.map(stemWord)).size, 1, words.join(" "))
  })
})

describe("foldText", () => {
  it("keeps capitals, and what is another letter", () => {
    assert.strictEqual(foldText("Ångström"), "Angstrom")
    assert.strictEqual(foldText("йод ёж їжак"), "йод еж їжак")
    assert.strictEqual(foldText("が"), "が")
    assert.strictEqual(foldText("한국"), "한국")
  })

  it("bounds what a character becomes", () => {
    for (const text of [
      "\ufdfa".repeat(1_000),
      "\u3300".repeat(1_000),
      "e\u0301".repeat(1_000),
      "\u{1d7ce}".repeat(1_000)
    ])
      assert.isBelow(foldText(text).length, 8 * text.length)
  })
})

describe("runs of ASCII", () => {
  it("end where they end beside another script, whose patterns find them", () => {
    const random = makeRandom(20_261_128)
    const pieces = [
      "a",
      "Be",
      "IT",
      "will",
      "it's",
      "7",
      "12",
      "_",
      "'",
      ".",
      "@",
      ":",
      "/",
      "://",
      ":\\",
      "\\"
    ]
    pieces.push("+", "++", "#", "&", "=", "?", "~", "-", " ", "\n", ",", "(", "!")
    for (let i = 0; i < 2_000; i++) {
      const text = Array.from({ length: 1 + random.int(12) }, () => random.pick(pieces)).join("")
      // No run of its own, and no letter: what stands before it is read by the patterns of every script.
      assert.deepStrictEqual(readText(text), readText(`${text} \u00bf`), JSON.stringify(text))
    }
  })

  it("are told apart where their hashes are the same", () => {
    const words = ["cup", "mug", "pan", "pot", "jar", "lid", "cups"]
    for (const word of [...words, ...words]) assert.strictEqual(formAt(word, 0, word.length, 7).lower, word)
  })
})

it("an identifier is cut where its case or kind changes, in every alphabet alike", () => {
  for (const parts of [
    ["get", "User"],
    ["parse", "HTTP", "Response"],
    ["i", "Phone", "15"],
    ["10", "km"],
    ["A", "4", "B"],
    ["HTTP"],
    ["Porto"],
    [""]
  ]) {
    assert.deepStrictEqual(splitCase(parts.join("")), parts)
    const greek = parts.map((part) => part.replaceAll(/[a-z]/g, "α").replaceAll(/[A-Z]/g, "Α"))
    assert.deepStrictEqual(splitCase(greek.join("")), greek)
  }
})
