import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { AgentMemory, InMemoryStore, type Statement, StoreFingerprint } from "../../src/index.ts"
import { layer as scopesLayer, memories } from "../support/sharedScopes.ts"

const layer = AgentMemory.layer({ purgeEvery: false }).pipe(
  Layer.provideMerge(InMemoryStore.layer),
  Layer.provideMerge(StoreFingerprint.wordsOnly)
)

const DAY_MS = 86_400_000

/** A turn some days before the hundredth. */
const said = (daysAgo: number, content: string, rest: Partial<Statement> = {}): Statement => ({
  content,
  saidAt: (100 - daysAgo) * DAY_MS,
  sessionId: `day-${daysAgo}`,
  ...rest
})

const OTHERS = [
  said(80, "The plums are ripe and the wasps know it."),
  said(60, "My bicycle has a flat tyre again."),
  said(40, "We watched the eclipse from the roof.")
]

let users = 0

const recalling = (statements: ReadonlyArray<Statement>, question: string) =>
  Effect.gen(function* () {
    users += 1
    const memory = yield* (yield* AgentMemory).for({ agentId: "agent", userId: `user-${users}` })
    yield* memory.rememberMany(
      [...OTHERS, ...statements].toSorted((a, b) => Number(a.saidAt ?? 0) - Number(b.saidAt ?? 0))
    )
    return { memory, found: yield* memory.recall(question) }
  })

const placeOf = (
  found: ReadonlyArray<{ readonly memory: { readonly content: string } }>,
  content: string
) => {
  const place = found.findIndex(({ memory }) => memory.content === content)
  return place < 0 ? Number.POSITIVE_INFINITY : place
}

/** Whether the first statement of a pair comes before the second in the answer to a question. */
const comesFirst = Effect.fnUntraced(function* (
  first: string,
  second: string,
  question: string,
  statements: ReadonlyArray<Statement>
) {
  const { found } = yield* recalling(statements, question)
  assert.isBelow(placeOf(found, first), placeOf(found, second), question)
})

const UPDATES: ReadonlyArray<readonly [kind: string, question: string, stale: string, latest: string]> = [
  [
    "restated with another day",
    "On which day is the harbour market?",
    "The harbour market is on Saturday, from eight.",
    "The harbour market is on Wednesday and I brought oysters."
  ],
  [
    "restated with another number of the same unit",
    "How many litres does the rain barrel hold?",
    "The rain barrel holds 200 litres when it is full.",
    "Our new rain barrel holds 350 litres, the garden is happy."
  ],
  [
    "changed",
    "Where do I park the van?",
    "I park the van behind the bakery.",
    "I park the van at the station now, the bakery needs the yard."
  ],
  [
    "taken up and denied",
    "Do I go swimming?",
    "I go swimming every morning before work.",
    "Swimming? Not any more, my shoulder won't have it."
  ],
  [
    "given up",
    "How many cigars do I smoke?",
    "I smoke two cigars a day.",
    "I gave up smoking cigars in May."
  ],
  ["no longer", "Do I eat meat?", "I eat meat on most days.", "I no longer eat meat, my knees thank me."],
  [
    "corrected by denying it",
    "Which town is my accordion teacher from?",
    "My accordion teacher is from Tartu.",
    "I mixed it up: my accordion teacher is from Narva, not Tartu."
  ],
  [
    "changed, in German",
    "Wo steht der Rasenmäher?",
    "Der Rasenmäher steht in der Garage.",
    "Der Rasenmäher steht jetzt im Keller, da ist es trocken."
  ],
  [
    "changed, in Spanish",
    "¿Dónde ensaya el coro?",
    "El coro ensaya en la iglesia del barrio.",
    "El coro ya no ensaya en la iglesia, ahora ensaya en la escuela."
  ],
  [
    "restated with another day, in French",
    "Quel jour passe le facteur ?",
    "Le facteur passe le mardi avec les colis.",
    "Le facteur passe le jeudi et il sonne deux fois."
  ],
  [
    "changed, in Japanese",
    "会議はどこ？",
    "会議は二階の部屋です。",
    "会議の場所が変わりました、会議は食堂です。"
  ],
  [
    "restated with another name, where one of two asked words is said again",
    "What is our plumber's name?",
    "The plumber comes on Fridays, his name is Tadeusz.",
    "The plumber was here at noon, Gregor, he whistled all the time."
  ],
  [
    "restated with another place, beginning alike",
    "Where do we store the canoe?",
    "The canoe is stored in the boathouse by the lake.",
    "The canoe is under the stairs of the barn, beside the oars."
  ],
  [
    "restated by whoever does it",
    "Who feeds the horses?",
    "In our stable Wendelin feeds the horses.",
    "Ottilie feeds the horses and sings to them."
  ],
  [
    "restated with something said beside it",
    "Where is the ladder?",
    "The ladder is in the shed.",
    "The ladder hangs in the hall, take it if you need it."
  ],
  [
    "another one of those that are asked for",
    "Which shoulder hurts?",
    "The left shoulder hurts when I swim.",
    "The right shoulder hurts when I swim."
  ],
  [
    "changed, with one of two asked words",
    "How often do I see the barber?",
    "I see the barber twice a month.",
    "The barber says once a month is enough now."
  ],
  [
    "restated under a label",
    "How many people are coming to the regatta dinner?",
    "Regatta dinner: 40 people.",
    "Regatta dinner: 52 people, the cook has the list."
  ],
  [
    "denied by somebody who knows",
    "Where was Grandpa born?",
    "Grandpa was born in Narva.",
    "Aunt Ilse says Grandpa was not born in Narva but in Tartu."
  ],
  [
    "restated with a verb that also says what stays",
    "Em que rua fica a oficina?",
    "A oficina fica na rua das Flores.",
    "A oficina fica na rua da Moita, ao lado do talho."
  ],
  [
    "changed, in French, where the speaker is elided",
    "Où est-ce que j'habite ?",
    "J'habite à Lyon.",
    "Depuis mai j'habite à Nantes."
  ],
  [
    "restated on another day of May, in German",
    "Wann muss ich zur Hufschmiedin?",
    "Zur Hufschmiedin muss ich am 12. Mai.",
    "Ich muss am 19. Mai zur Hufschmiedin."
  ],
  [
    "restated with a name that begins, in Turkish",
    "Nerede oturuyorum?",
    "Ankara'da oturuyorum.",
    "İzmir'de oturuyorum, üçüncü katta."
  ],
  [
    "restated with a place before the verb, in Korean",
    "나는 어디에 살아?",
    "나는 대구에 살아.",
    "나는 부산에 살아, 역 근처야."
  ],
  [
    "changed to another hour, in Korean",
    "회의는 언제야?",
    "회의는 월요일 10시야.",
    "회의는 이제 수요일 11시야."
  ],
  [
    "corrected, of what was once",
    "When was Dad's knee operated on?",
    "Dad's knee was operated on in May.",
    "I mixed it up: Dad's knee was operated on in June."
  ],
  ["changed, of the speaker, in Chinese", "我住在哪里？", "我住在上海。", "我现在住在成都。"],
  [
    "restated with another number, in Japanese",
    "門の暗証番号は？",
    "門の暗証番号は4471です。",
    "門の暗証番号は9902です。"
  ],
  [
    "corrected, a date of month and day in Chinese",
    "牙医预约是哪天？",
    "牙医预约是3月5日。",
    "更正：牙医预约是3月8日。"
  ],
  [
    "restated, a date in Japanese",
    "歯医者の予約はいつですか？",
    "歯医者の予約は3月5日です。",
    "歯医者の予約は3月8日です。"
  ],
  [
    "restated, a number with its particle in Korean",
    "치과 예약이 언제예요?",
    "치과 예약은 3월 5일이에요.",
    "치과 예약은 3월 8일이에요."
  ],
  [
    "corrected, a Korean number",
    "회의는 몇 시에 시작해요?",
    "회의는 두 시에 시작해요.",
    "아니, 회의는 세 시에 시작해요."
  ],
  [
    "corrected in Vietnamese, whose folded words are those of other languages",
    "Lịch hẹn nha sĩ là ngày nào?",
    "Lịch hẹn nha sĩ là ngày 5 tháng 3.",
    "Đính chính: lịch hẹn nha sĩ là ngày 8 tháng 3."
  ],
  ["changed in traditional Chinese", "我在哪裡上班？", "我在台北的銀行上班。", "我現在在台北的醫院上班。"],
  [
    "restated, the number of a house",
    "Where is our workshop?",
    "Our workshop is at 12 Cherry Street.",
    "Our workshop is at 21 Cherry Street."
  ]
]

/** What did not change, although something like it is said later. */
const CONTROLS: ReadonlyArray<readonly [kind: string, question: string, right: string, other: string]> = [
  [
    "another person's, taken up and denied for oneself",
    "When does my aunt drink coffee?",
    "My aunt drinks coffee after lunch.",
    "Coffee? Not for me any more."
  ],
  [
    "another person's, not spaced, as the subject",
    "我几点起床？",
    "我每天早上六点起床",
    "我妹妹现在八点起床"
  ],
  [
    "another person's, not spaced",
    "弟はどこで働いている？",
    "弟は福岡で働いている",
    "いとこは今は熊本で働いている"
  ],
  [
    "another person's, in Korean",
    "형은 어디에서 일해?",
    "형은 부산에서 일해요",
    "사촌은 이제 광주에서 일해요"
  ],
  [
    "another person's",
    "What does my sister play?",
    "My sister plays the cello in a quartet.",
    "My nephew plays the tuba now, the walls shake."
  ],
  [
    "another person's, in the third person",
    "What do I pay for parking?",
    "I pay 40 a month for the parking.",
    "Marek pays 55 for his parking now, he changed the garage."
  ],
  [
    "another object's",
    "Where is the boat key?",
    "The boat key is in the blue tin.",
    "I moved the shed key, the shed key is in the flower pot now."
  ],
  [
    "another object's, by what comes after it",
    "How long do we keep the tax records?",
    "We keep the tax records for twelve years.",
    "From now on we keep the guest lists for one year."
  ],
  [
    "one occasion",
    "On which day is the fencing lesson?",
    "The fencing lesson is every Monday at six.",
    "The fencing lesson was on Thursday, only this once, the hall was let."
  ],
  [
    "another part of it",
    "Where is the pottery course?",
    "The pottery course is in the old dairy, from May to June.",
    "The pottery course was extended to August."
  ],
  [
    "both hold",
    "What do I do on Fridays?",
    "On Fridays I swim with the club.",
    "On Sundays I have started to row."
  ],
  [
    "a guess",
    "Where do we spend the winter?",
    "We spend the winter in the valley.",
    "Maybe we spend the next winter in a warmer place, if the house is sold."
  ],
  [
    "a question",
    "Which boots do I wear on the glacier?",
    "I wear the stiff boots on the glacier.",
    "Should I wear other boots on the glacier?"
  ],
  [
    "one day of a habit, in the past",
    "What do I have for lunch?",
    "I have soup for lunch.",
    "I had noodles for lunch, the soup was sold out."
  ],
  [
    "another object's, by its name",
    "When does the ferry to Gotland leave?",
    "The ferry to Gotland leaves on the 4th.",
    "In future the ferry to Rhodes leaves on the 9th."
  ],
  [
    "another person's, where the question is for one's own",
    "What time do I start work?",
    "I start work at seven.",
    "Jorge no longer starts work before ten."
  ],
  [
    "another thing in the same place of a sentence",
    "From which tap do I fill the kettle?",
    "We fill the kettle from the tap outside.",
    "We fill the bucket from the tap inside now."
  ],
  [
    "another of its numbers",
    "How many rooms does the hut have?",
    "The hut has 4 rooms and 9 beds.",
    "The hut has 12 beds now."
  ],
  [
    "something else of the only one who is asked for",
    "What did Bo say about the lake?",
    "Bo heard: the bakery closes early.",
    "Bo heard: the night train is late."
  ],
  [
    "other days of the week",
    "When does the kiln close on weekdays?",
    "The kiln closes at six on weekdays.",
    "On Saturdays the kiln closes at three now."
  ],
  [
    "why it was so",
    "Why did the kiln crack?",
    "The kiln cracked because the shelf was damp.",
    "The kiln has a dry shelf now, from Delft."
  ],
  [
    "why it was so, in Spanish",
    "¿Por qué se cerró el horno?",
    "El horno se cerró por una grieta.",
    "El horno ahora se cerró con otra puerta."
  ],
  ["a relative's, in Chinese", "我喜欢喝什么？", "我喜欢喝乌龙茶。", "我爸爸现在喜欢喝咖啡。"],
  ["another person's, in Korean", "민수는 어디에 살아?", "민수는 대구에 살아.", "지우는 부산에 살아."],
  [
    "another person's, in Turkish",
    "Ali nerede oturuyor?",
    "Ali Bursa'da oturuyor.",
    "Zeynep Konya'da oturuyor."
  ],
  [
    "another person's, in Chinese",
    "我的牙医预约是哪天？",
    "牙医预约是3月5日。",
    "更正：我妈妈的牙医预约是3月8日。"
  ],
  [
    "another person's, in Korean",
    "제 치과 예약이 언제예요?",
    "치과 예약은 3월 5일이에요.",
    "정정: 엄마 치과 예약은 3월 8일이에요."
  ],
  [
    "another person's, in an inflected language",
    "Benim kiram ne kadar?",
    "Kira ayda 15000 lira.",
    "Düzeltme: annemin kirası ayda 9000 lira."
  ],
  [
    "of some days only",
    "When does the ferry leave on weekdays?",
    "The ferry leaves at 6:15.",
    "On Sundays the ferry leaves at 7:45."
  ]
]

/** What tells another part, or of someone else, and would lead by its score alone. */
const BEHIND: typeof CONTROLS = [
  [
    "another time of it, where a place is asked for",
    "Where is the regatta?",
    "The regatta is on the long lake near the old mill, in May.",
    "The regatta was moved to June."
  ],
  [
    "another person's, where the question is for one's own",
    "How much do I earn?",
    "I earn 2,900 a month after tax and insurance.",
    "Ludger earns 3,400 now."
  ]
]

describe("the step after scoring", () => {
  for (const [kind, question, stale, latest] of UPDATES)
    it.effect(`puts what is so now first: ${kind}`, () =>
      comesFirst(latest, stale, question, [said(50, stale), said(5, latest)]).pipe(Effect.provide(layer))
    )

  for (const [kind, question, right, other] of CONTROLS)
    it.effect(`leaves what did not change: ${kind}`, () =>
      Effect.gen(function* () {
        const { found } = yield* recalling([said(50, right), said(5, other)], question)
        const place = placeOf(found, right)
        assert.isFinite(place)
        assert.isUndefined(found[place]?.explain.followedBy)
      }).pipe(Effect.provide(layer))
    )

  for (const [kind, question, right, other] of BEHIND)
    it.effect(`puts what holds first: ${kind}`, () =>
      comesFirst(right, other, question, [said(50, right), said(5, other)]).pipe(Effect.provide(layer))
    )

  for (const [question, right, other] of [
    ["我住在哪里？", "我住在宜昌", "公司搬到荆州了"],
    ["我住在哪里？", "我住在宜昌", "把桌子搬到阳台了"],
    ["私はどこに住んでいる？", "私は津に住んでいる", "会社が四日市に引っ越した"],
    ["저는 어디에 살아요?", "저는 목포에 살아요", "옆집이 이사했어요"],
    ["Where do I live?", "I live in Deal.", "The party moved to Margate."],
    ["What do I play in the town band?", "I play the oboe in the town band.", "My uncle gave up the oboe."]
  ] as const)
    it.effect(`leaves what did not change beside what another one tells: ${other}`, () =>
      Effect.gen(function* () {
        const session = { sessionId: "home" }
        const { found } = yield* recalling([said(9, right, session), said(9, other, session)], question)
        assert.isUndefined(found[placeOf(found, right)]?.explain.followedBy)
      }).pipe(Effect.provide(layer))
    )

  it.effect("puts what the assistant confirms word for word before what was so", () =>
    comesFirst(
      "On Sunday you meet at the gate.",
      "On Sunday we meet at the fountain.",
      "Where do we meet on Sunday?",
      [
        said(9, "On Sunday we meet at the fountain.", { sessionId: "park" }),
        said(9, "The one with the fish?", { sessionId: "park", source: "assistant" }),
        said(9, "The gate is better, actually.", { sessionId: "park" }),
        said(9, "On Sunday you meet at the gate.", { sessionId: "park", source: "assistant" })
      ]
    ).pipe(Effect.provide(layer))
  )

  for (const [question, stale, latest] of [
    [
      "Where do we live?",
      "We live in Dundee, in a flat by the river.",
      "we moved again, it's Perth this time"
    ],
    ["Wo wohnen wir?", "Wir wohnen in Fulda am Dom.", "Wir sind schon wieder umgezogen, jetzt Kassel."],
    ["¿Dónde vivimos?", "Vivimos en Soria.", "Nos hemos mudado otra vez, ahora Burgos."],
    ["我住在哪里？", "我住在无锡", "又搬家了，现在在常州"],
    ["どこに住んでいる？", "金沢に住んでいる", "また引っ越した、今は富山"],
    ["우리는 어디에 살아?", "우리는 청주에 살아요", "또 이사했어요, 지금은 천안이에요"]
  ] as const)
    it.effect(`follows a change told without a word of the question: ${question}`, () =>
      comesFirst(latest, stale, question, [
        said(9, stale, { sessionId: "home" }),
        said(9, latest, { sessionId: "home" })
      ]).pipe(Effect.provide(layer))
    )

  for (const other of [
    "We moved the wedding party to Perth.",
    "I moved the piano to the hall.",
    "Our neighbours moved to Perth.",
    "The office moved to Perth.",
    "Spare batteries? In the hall now."
  ])
    it.effect(`leaves an answer beside what was just said of another thing: ${other}`, () =>
      Effect.gen(function* () {
        const right = "We live in Dundee, in a flat with a spare room."
        const { found } = yield* recalling(
          [said(9, right, { sessionId: "home" }), said(9, other, { sessionId: "home" })],
          "Where do we live, and is there a spare room?"
        )
        assert.strictEqual(placeOf(found, right), 0)
        assert.isUndefined(found[0]?.explain.followedBy)
      }).pipe(Effect.provide(layer))
    )

  for (const [nameless, isBehind] of [
    ["The van has a flat tyre.", true],
    ["Olaf has a flat tyre.", false]
  ] as const)
    it.effect(`puts what the named speaker says before the same words without a speaker: ${nameless}`, () =>
      Effect.gen(function* () {
        const scooter = "My scooter has a flat tyre."
        const { found } = yield* recalling(
          [
            said(5, scooter, { sessionId: "talk", speaker: "Olaf" }),
            said(4, nameless, { sessionId: "later" })
          ],
          "What did Olaf say has a flat tyre?"
        )
        const byScore = found.toSorted((a, b) => b.score - a.score)
        assert.strictEqual(placeOf(byScore, nameless), 0)
        assert.strictEqual(placeOf(found, nameless), isBehind ? 1 : 0)
        assert.strictEqual(placeOf(found, scooter), isBehind ? 0 : 1)
      }).pipe(Effect.provide(layer))
    )

  it.effect("follows a fragment that takes up what was just spoken of", () =>
    comesFirst(
      "On second thought, Thursday.",
      "Book the chimney inspection for Tuesday, please.",
      "When is the chimney inspection?",
      [
        said(5, "Book the chimney inspection for Tuesday, please."),
        said(5, "Booked for Tuesday.", { source: "assistant" }),
        said(5, "They bring a ladder."),
        said(5, "On second thought, Thursday.")
      ]
    ).pipe(Effect.provide(layer))
  )

  it.effect("leaves what is followed by a list of numbers, or by a preference of its own", () =>
    Effect.gen(function* () {
      const fair = said(5, "The fair is on 28 November, in the old tram shed.", { sessionId: "fair" })
      const { found } = yield* recalling(
        [
          fair,
          said(5, "17.28, 21.40 and 18.52 euro for the three jars; shall we round?", {
            sessionId: "fair",
            source: "assistant"
          }),
          said(5, "17, 22, 19.", { sessionId: "fair" }),
          said(5, "Noted.", { sessionId: "fair", source: "assistant" }),
          said(5, "I prefer early returns over nested ifs, and no default exports.", { sessionId: "fair" })
        ],
        "When is the fair?"
      )
      const place = placeOf(found, fair.content)
      assert.strictEqual(place, 0)
      assert.isUndefined(found[place]?.explain.followedBy)
    }).pipe(Effect.provide(layer))
  )

  it.effect("is not misled by an answer to the assistant's question", () =>
    Effect.gen(function* () {
      const right = "I keep three donkeys on the upper meadow."
      const { found } = yield* recalling(
        [
          said(5, right),
          said(5, "How many hectares has it?", { source: "assistant" }),
          said(5, "Two."),
          said(5, "And the fence?", { source: "assistant" })
        ],
        "How many donkeys do I keep?"
      )
      assert.isUndefined(found[placeOf(found, right)]?.explain.followedBy)
    }).pipe(Effect.provide(layer))
  )

  it.effect("does not take facts that follow each other for fragments", () =>
    Effect.gen(function* () {
      const told = (facts: ReadonlyArray<string>) =>
        facts.map((content, turn) => said(5, content, { sessionId: "facts", turn }))
      const days = told([
        "Monday is chess.",
        "Tuesday is laundry.",
        "Wednesday is Mum.",
        "Saturday is rugby."
      ])
      const week = yield* recalling(days, "On which day is laundry?")
      assert.strictEqual(week.found[0]?.memory.content, "Tuesday is laundry.")
      const rides = told(["My tram is the 12.", "My colleague Runa makes the tea.", "I finish at four."])
      const ride = yield* recalling(rides, "Which tram do I take?")
      assert.strictEqual(ride.found[0]?.memory.content, "My tram is the 12.")
    }).pipe(Effect.provide(layer))
  )

  it.effect("leaves the order where the question is about what was", () =>
    Effect.gen(function* () {
      const [stale, latest] = ["I park the van behind the bakery.", "I park the van at the station now."]
      const { found } = yield* recalling(
        [said(50, stale), said(5, latest)],
        "Where did I park the van before, where I used to?"
      )
      assert.isTrue(found.every(({ explain }) => explain.followedBy === undefined))
      const scores = found.map(({ score }) => score)
      assert.deepStrictEqual(
        scores,
        scores.toSorted((a, b) => b - a)
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("leaves the order where only the earlier was said on the day that the question names", () =>
    Effect.gen(function* () {
      const earlier = "We decided to stack the crates."
      const later = "We decided to burn the crates."
      const statements = [said(37, earlier), said(20, later)]
      yield* comesFirst(earlier, later, "What did we decide about the crates on 5 March 1970?", statements)
      yield* comesFirst(later, earlier, "What did we decide about the crates?", statements)
    }).pipe(Effect.provide(layer))
  )

  it.effect("says what it did, and changes no score and no cut", () =>
    Effect.gen(function* () {
      const [stale, latest] = [
        "The rain barrel holds 200 litres.",
        "After the frost we bought another, and since then the rain barrel by the garden wall holds 350 litres."
      ]
      const { found, memory } = yield* recalling(
        [said(50, stale), said(5, latest)],
        "How many litres does the rain barrel hold?"
      )
      const [first, second] = [found[placeOf(found, latest)], found[placeOf(found, stale)]]
      assert.deepStrictEqual(second?.explain.followedBy, [first?.memory.id ?? ""])
      assert.strictEqual(first?.explain.order, 1)
      assert.strictEqual(second?.explain.order, 0)
      assert.isBelow(first?.score ?? 1, second?.score ?? 0)
      for (const { explain, score } of found) assert.closeTo(score, 1 / (1 + Math.exp(-explain.logit)), 1e-9)
      const cut = yield* memory.recall("How many litres does the rain barrel hold?", {
        minScore: ((first?.score ?? 0) + (second?.score ?? 0)) / 2
      })
      assert.deepStrictEqual(
        cut.map(({ memory: { content } }) => content),
        [stale]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("folds near-copies, and leaves their places to others", () =>
    Effect.gen(function* () {
      const copies = [
        "I drink green tea in the morning.",
        "In the morning I drink green tea!",
        "green tea is what I drink in the morning",
        "I always drink my green tea in the morning",
        "In the mornings I am drinking green tea"
      ]
      const denial = "No green tea in the evening, it keeps me awake."
      const { memory } = yield* recalling(
        [...copies.map((copy, i) => said(30 - i, copy)), said(10, denial)],
        "green tea"
      )
      const found = yield* memory.recall("When do I drink green tea?", { limit: 2 })
      assert.isFinite(placeOf(found, denial))
      const shown = found.find(({ explain }) => explain.copies !== undefined)
      assert.isAtLeast(shown?.explain.copies?.length ?? 0, 3)
      const whole = yield* memory.get(shown?.explain.copies?.[0] ?? "")
      assert.include(copies, whole?.content)
    }).pipe(Effect.provide(layer))
  )

  it.effect("folds near-copies over scopes, one's own stands, and puts nothing behind another scope's", () =>
    Effect.gen(function* () {
      const { alone, ana, team } = yield* memories
      yield* team.rememberMany([
        said(50, "Invoices are sent on the first Monday of the month."),
        said(5, "The staff kitchen is closed on Friday now.")
      ])
      yield* alone.rememberMany([
        said(40, "The invoices are sent on the first Monday of the month!"),
        said(30, "The staff kitchen is closed on Tuesday.")
      ])
      const invoices = yield* ana.recall("When are invoices sent?", { minScore: 0 })
      const about = invoices.filter(({ memory }) => memory.content.includes("nvoices"))
      assert.deepStrictEqual(
        about.map(({ memory }) => memory.scope.userId),
        ["ana"]
      )
      assert.strictEqual(about[0]?.explain.copies?.length, 1)
      const kitchen = yield* ana.recall("When is the staff kitchen closed?", { minScore: 0 })
      assert.isTrue(kitchen.every(({ explain }) => explain.followedBy === undefined))
    }).pipe(Effect.provide(scopesLayer()))
  )
})

describe("the context block", () => {
  it.effect("shows what is so now, and under it what was so before", () =>
    Effect.gen(function* () {
      const [stale, latest] = ["I park the van behind the bakery.", "I park the van at the station now."]
      const { memory } = yield* recalling(
        [
          ...Array.from({ length: 30 }, (_, i) => said(70, `Idle remark ${i}`)),
          said(50, stale),
          said(5, latest)
        ],
        "van"
      )
      const block = yield* memory.context("Where do I park the van?")
      assert.include(
        block.text,
        `- later: 1970-04-06 user: ${latest}\n  - earlier: 1970-02-20 user: ${stale}`
      )
      const again = yield* memory.context("Where do I park the van?")
      assert.strictEqual(again.text, block.text)
    }).pipe(Effect.provide(layer))
  )

  /** Thirty days of other things: the memory is no young one. */
  const AGES_AGO = Array.from({ length: 30 }, (_, i) =>
    said(
      99 - i,
      `On walk ${i} I met ${["a heron", "two hares", "the miller", "nobody"][i % 4]} by stone ${i}.`
    )
  )

  it.effect("leaves no hole in the last session, where what is relevant has little room", () =>
    Effect.gen(function* () {
      const session = [
        said(5, "Cards for the choir are printed on grey paper."),
        said(5, "Fine.", { source: "assistant" }),
        said(5, "From now on the cards for the choir are printed on blue paper."),
        said(5, "Blue it is.", { source: "assistant" })
      ]
      const { memory } = yield* recalling([...AGES_AGO, ...session], "x")
      const { text } = yield* memory.context("Draft a rota for the choir with all dates.", {
        budgetTokens: 200
      })
      for (const { content } of session) assert.include(text, content)
    }).pipe(Effect.provide(layer))
  )

  it.effect("never shows the earlier one alone", () =>
    Effect.gen(function* () {
      const stale = "I park the van behind the bakery."
      const latest = `I park the van at the station now${", where it is dry".repeat(30)}.`
      const { memory } = yield* recalling(
        [
          ...Array.from({ length: 30 }, (_, i) => said(70, `Idle remark ${i}`)),
          said(50, stale),
          said(5, latest)
        ],
        "van"
      )
      for (const budgetTokens of [60, 90, 120, 200, 400]) {
        const block = yield* memory.context("Where do I park the van?", { budgetTokens })
        const shown = block.items.map(({ memory: { content } }) => content)
        if (shown.includes(stale)) assert.include(shown, latest)
        assert.isAtMost(block.tokens, budgetTokens)
      }
    }).pipe(Effect.provide(layer))
  )

  it.effect("shows near-copies once, and how often they were said", () =>
    Effect.gen(function* () {
      const { memory } = yield* recalling(
        [
          ...Array.from({ length: 30 }, (_, i) => said(70, `Idle remark ${i}`)),
          said(30, "I drink green tea in the morning."),
          said(20, "In the morning I drink green tea!"),
          said(10, "green tea is what I drink in the morning")
        ],
        "tea"
      )
      const { text } = yield* memory.context("What do I drink in the morning?", { omit: ["lastTime"] })
      assert.strictEqual(text.match(/green tea/gu)?.length, 1)
      assert.include(text, "(said 3 times)")
    }).pipe(Effect.provide(layer))
  )
})
