import * as Effect from "effect/Effect"
import { documentTerms, idf, queryTerms } from "../../text/bm25.ts"
import { TOKENISER } from "../../text/terms/tokenisers.ts"
import { close, same } from "../check.ts"
import { group, type Handle, lawFingerprint } from "../Law.ts"
import { find } from "../model/find.ts"
import { type RowBuilder, T0, toVector } from "../rows.ts"

/** A memory, and a question that has one of its words in another form. */
const CASES: ReadonlyArray<readonly [memory: string, question: string]> = [
  ["The ferries leave from pier seven", "Is there a ferry?"],
  ["Die Straßenbahn hält vor dem Rathaus", "Wo sind die Strassenbahnen?"],
  ["Uçaklar salı günü kalkıyor", "Uçak"],
  ["Бабушка печёт пироги", "Где пирог?"],
  ["Η γάτα κοιμάται στον καναπέ", "Πού είναι οι γάτες;"],
  ["القطط تنام على السطح", "أين القطة؟"],
  ["הכלב ישן במטבח", "איפה הכלבים?"],
  ["चिड़ियाँ पेड़ पर हैं", "पेड़ों"],
  ["แมวนอนบนหลังคา", "หลังคา"],
  ["猫が屋根で寝ている", "屋根"],
  ["我们在苏州吃面条", "苏州"],
  ["고양이는 지붕에서 잔다", "지붕을"],
  ["Tôi uống cà phê ở Đà Lạt", "Lat"],
  ["Deploy user_profile_id on v2.14.0", "userProfileId"],
  ["Party 🎂", "🎂"]
]

const toToday = (dimensions: number) => ({ ...lawFingerprint(dimensions), tokeniser: TOKENISER })

const putText = ({ store }: Handle, row: RowBuilder, content: string, tokeniser: string) => {
  const made = row(content)
  const terms = documentTerms(content, { ...lawFingerprint(4), tokeniser })
  const rows = [{ ...made, passages: [{ ...made.passages[0], terms }] as const }]
  return Effect.as(store.put({ scope: made.memory.scope, now: T0, rows }), terms)
}

/** Today's terms, and those of stores that an earlier version filled. */
export const scripts = group("scripts", {
  "a text of every script is found by another form of its words": Effect.fnUntraced(function* (context) {
    const { dimensions, epsilon, fresh, row, scope } = context
    const handle = yield* (yield* fresh).open(toToday(dimensions))
    const { store } = handle
    const stored = yield* Effect.forEach(CASES, ([content]) => putText(handle, row, content, TOKENISER))
    for (const [i, [content, question]] of CASES.entries()) {
      const terms = queryTerms(question, TOKENISER)
      const { df, hits, n } = yield* find(store, { scope, now: T0, terms, limit: 5, exact: true })
      const [best] = hits.toSorted((a, b) => b.bm25 - a.bm25)
      same(best?.memory.content, content, question)
      const holders = Array.from(terms, (term) => stored.filter(({ ids }) => ids.includes(term)).length)
      same([n, df], [CASES.length, holders], `n and df of ${question}`)
      const expected = Array.from(terms).reduce((sum, term, at) => {
        const weight = stored[i]?.weights[stored[i].ids.indexOf(term)] ?? 0
        return sum + idf(n, holders[at] ?? 0) * weight
      }, 0)
      close(best?.bm25 ?? 0, expected, epsilon, `score of ${question}`)
    }
  }),

  "a store that an earlier version filled serves its terms until it is moved": Effect.fnUntraced(function* ({
    dimensions,
    fresh,
    row,
    scope
  }) {
    const place = yield* fresh
    const today = toToday(dimensions)
    const before = { ...today, tokeniser: "en-1" }
    const old = yield* place.open(before)
    yield* putText(old, row, "Бабушка печёт пироги", before.tokeniser)
    yield* old.admin.close
    const handle = yield* place.open(today)
    same(yield* handle.admin.fingerprint, before, "the fingerprint before")
    yield* putText(handle, row, "The ferry is late", before.tokeniser)
    const findTexts = ({ store }: Handle, question: string, tokeniser: string) =>
      Effect.map(
        find(store, { scope, now: T0, terms: queryTerms(question, tokeniser), limit: 5 }),
        ({ hits }) => hits.map(({ memory }) => memory.content)
      )
    same(yield* findTexts(handle, "ferries", before.tokeniser), ["The ferry is late"], "the old terms")

    yield* handle.admin.stage(today)
    const rows = yield* handle.admin.unstaged({ limit: 10 })
    yield* handle.admin.fillStage(
      rows.map(({ content, id }) => ({
        scope,
        id,
        passages: [
          {
            start: 0,
            end: content.length,
            vector: toVector(content, dimensions),
            terms: documentTerms(content, today)
          }
        ],
        owed: false
      }))
    )
    yield* handle.admin.commitStage
    const moved = yield* place.open(today)
    same(yield* moved.admin.fingerprint, today, "the fingerprint after")
    same(yield* findTexts(moved, "пирог", TOKENISER), ["Бабушка печёт пироги"], "the new terms")
  })
})
