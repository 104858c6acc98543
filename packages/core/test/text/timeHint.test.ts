import { assert, describe, it } from "@effect/vitest"
import { DAY_MS } from "../../src/memory/duration.ts"
import { timeHint, timeMatch } from "../../src/text/timeHint.ts"
import { findTimeZone, type TimeZone, UTC } from "../../src/text/time/TimeZone.ts"
import { makeRandom } from "../../src/testing/random.ts"
import { cpuTimeOf } from "../support/cpuTime.ts"

/** A Wednesday. */
const NOW = Date.UTC(2025, 4, 14, 15)

const noon = (date: string): number => Date.parse(`${date}T12:00:00Z`)

/** The days of May 2025 and of two months before and after that a question names, as `MM-DD`. */
const daysOf = (query: string): string => {
  const hint = timeHint(query, NOW, UTC)
  const days: Array<string> = []
  for (let at = noon("2025-03-01"); at < noon("2025-08-01"); at += DAY_MS) {
    const isIn = hint.spans.some(({ from, to }) => at >= from && at < to)
    if (isIn) days.push(new Date(at).toISOString().slice(5, 10))
  }
  const [first] = days
  return first === undefined ? "" : days.length === 1 ? first : `${first}..${days.at(-1)}`
}

const LAST_WEEK = "05-05..05-11"
const LAST_MONTH = "04-01..04-30"

/** Yesterday, last week, last month, three days ago. */
const RELATIVE: { readonly [language: string]: readonly [string, string, string, string] } = {
  English: [
    "What did I decide yesterday?",
    "What happened last week?",
    "last month's plan",
    "What did we say three days ago?"
  ],
  Spanish: [
    "¿Qué decidí ayer?",
    "¿Qué pasó la semana pasada?",
    "¿Qué dije el mes pasado?",
    "¿Qué dije hace 3 días?"
  ],
  German: [
    "Was habe ich gestern beschlossen?",
    "Was war letzte Woche?",
    "Was war letzten Monat?",
    "Was sagte ich vor drei Tagen?"
  ],
  French: [
    "Qu'est-ce que j'ai décidé hier ?",
    "la semaine dernière",
    "le mois dernier",
    "Qu'ai-je dit il y a 3 jours ?"
  ],
  Italian: ["Cosa ho deciso ieri?", "la settimana scorsa", "il mese scorso", "Che ho detto tre giorni fa?"],
  Portuguese: ["O que decidi ontem?", "na semana passada", "no mês passado", "O que eu disse há 3 dias?"],
  Dutch: ["Wat besloot ik gisteren?", "vorige week", "vorige maand", "Wat zei ik 3 dagen geleden?"],
  Polish: ["Co postanowiłem wczoraj?", "w zeszłym tygodniu", "w zeszłym miesiącu", "Co mówiłem 3 dni temu?"],
  Czech: ["Co jsem včera řekl?", "minulý týden", "minulý měsíc", "před 3 dny"],
  Swedish: ["Vad sa jag igår?", "förra veckan", "förra månaden", "för 3 dagar sedan"],
  Danish: ["Hvad sagde jeg i går?", "sidste uge", "sidste måned", "for 3 dage siden"],
  Finnish: ["Mitä sanoin eilen?", "viime viikolla", "viime kuussa", "3 päivää sitten"],
  Hungarian: ["Mit mondtam tegnap?", "múlt héten", "múlt hónapban", "3 nappal ezelőtt"],
  Romanian: ["Ce am spus ieri?", "săptămâna trecută", "luna trecută", "acum 3 zile"],
  Greek: ["Τι αποφάσισα χθες;", "την περασμένη εβδομάδα", "τον περασμένο μήνα", "πριν από 3 μέρες"],
  Turkish: ["Dün ne karar verdim?", "geçen hafta", "geçen ay", "3 gün önce ne dedim?"],
  Russian: ["Что я решил вчера?", "на прошлой неделе", "в прошлом месяце", "три дня назад"],
  Ukrainian: ["Що я вирішив учора?", "минулого тижня", "минулого місяця", "3 дні тому"],
  Arabic: ["ماذا قررت أمس؟", "ماذا حدث الأسبوع الماضي؟", "الشهر الماضي", "ماذا قلت قبل ٣ أيام؟"],
  Hebrew: ["מה החלטתי אתמול?", "בשבוע שעבר", "בחודש שעבר", "לפני 3 ימים"],
  Hindi: ["मैंने बीते कल क्या कहा?", "पिछले हफ़्ते", "पिछले महीने", "३ दिन पहले"],
  Vietnamese: ["Hôm qua tôi quyết định gì?", "tuần trước", "tháng trước", "3 ngày trước"],
  Indonesian: ["Apa yang saya katakan kemarin?", "minggu lalu", "bulan lalu", "3 hari yang lalu"],
  Thai: ["เมื่อวานฉันพูดว่าอะไร", "สัปดาห์ที่แล้ว", "เดือนที่แล้ว", "3 วันก่อน"],
  Chinese: ["我昨天决定了什么？", "上周发生了什么？", "上个月", "3天前我说了什么？"],
  Japanese: ["昨日何を決めた？", "先週何があった？", "先月の予定", "3日前に何と言った？"],
  Korean: ["어제 뭘 결정했지?", "지난주에 무슨 일이 있었어?", "지난달에", "3일 전에 뭐라고 했어?"]
}

/** A day of June in 2023, and the month alone. */
const DATES: { readonly [language: string]: readonly [day: string, month: string] } = {
  English: ["What happened on June 3rd, 2023?", "in June"],
  Spanish: ["¿Qué pasó el 3 de junio de 2023?", "en junio"],
  German: ["Was war am 3. Juni 2023?", "im Juni"],
  French: ["le 3 juin 2023", "en juin"],
  Italian: ["il 3 giugno 2023", "a giugno"],
  Portuguese: ["em 3 de junho de 2023", "em junho"],
  Dutch: ["op 3 juni 2023", "in juni"],
  Polish: ["3 czerwca 2023", "w czerwcu"],
  Czech: ["3. června 2023", "v červnu"],
  Finnish: ["3. kesäkuuta 2023", "kesäkuussa"],
  Greek: ["στις 3 Ιουνίου 2023", "τον Ιούνιο"],
  Turkish: ["3 Haziran 2023", "Haziran'da"],
  Russian: ["3 июня 2023 года", "в июне"],
  Arabic: ["٣ يونيو ٢٠٢٣", "في يونيو"],
  Hindi: ["३ जून २०२३", "जून में"],
  Vietnamese: ["ngày 3 tháng 6 năm 2023", "trong tháng 6"],
  Thai: ["วันที่ 3 มิถุนายน 2566", "ในเดือนมิถุนายน"],
  Chinese: ["2023年6月3日", "六月"],
  Japanese: ["2023年6月3日に", "6月に"],
  Korean: ["2023년 6월 3일에", "6월에"],
  "figures with points": ["3.6.2023", "06.2023 or in june"],
  "ISO figures": ["2023-06-03", "2023-06"]
}

describe("timeHint", () => {
  for (const [language, [yesterday, week, month, ago]] of Object.entries(RELATIVE)) {
    it(`reads days, weeks and months in ${language}`, () => {
      assert.deepStrictEqual(
        [daysOf(yesterday), daysOf(week), daysOf(month), daysOf(ago)],
        ["05-13", LAST_WEEK, LAST_MONTH, "05-11"]
      )
    })
  }

  for (const [language, [day, month]] of Object.entries(DATES)) {
    it(`reads dates in ${language}`, () => {
      const match = (query: string, date: string) => timeMatch(timeHint(query, NOW, UTC), noon(date))
      assert.deepStrictEqual(
        [match(day, "2023-06-03"), match(day, "2023-06-04"), match(day, "2024-07-03")],
        [2.3, 1.3, 0]
      )
      assert.deepStrictEqual([Math.floor(match(month, "2024-06-20")), match(month, "2024-07-20")], [1, 0])
    })
  }

  it("reads weekdays, the last before today unless a week is named", () => {
    assert.strictEqual(daysOf("What did I say on Monday?"), "05-12")
    assert.strictEqual(daysOf("What did I say on Wednesday?"), "05-07")
    assert.strictEqual(daysOf("What did I say last Friday?"), "05-09")
    assert.strictEqual(daysOf("What do I have next Friday?"), "05-16")
    assert.strictEqual(daysOf("What was on Tuesday of last week?"), "05-06")
    assert.strictEqual(daysOf("上周五我说了什么？"), "05-09")
    assert.strictEqual(daysOf("先週の金曜日"), "05-09")
    assert.strictEqual(daysOf("월요일에 뭐라고 했지?"), "05-12")
    assert.strictEqual(daysOf("Что я сказал в среду?"), "05-07")
  })

  it("reads what lies ahead", () => {
    assert.strictEqual(daysOf("What is on tomorrow?"), "05-15")
    assert.strictEqual(daysOf("Was ist übermorgen?"), "05-16")
    assert.strictEqual(daysOf("¿Qué hay la próxima semana?"), "05-19..05-25")
    assert.strictEqual(daysOf("明日の予定は？"), "05-15")
  })

  it("takes no word for a time that is another word in this language", () => {
    for (const query of [
      "Was steht hier?",
      "May I ask where I may march?",
      "It took for 3 days",
      "a week of work",
      "Ma che dici?",
      "I have 3 days",
      "What is 17 times 23?"
    ]) {
      assert.strictEqual(daysOf(query), "", query)
      assert.strictEqual(timeMatch(timeHint(query, NOW, UTC), noon("2025-05-05")), 0, query)
    }
  })

  it("takes any text", () => {
    const random = makeRandom(11)
    const parts =
      "may March 3 31. 2023 -06 - / . : the of vor hace ago days 日 月 6 週 前 지난 주 월 3월 tuần trước ٣ يوم วัน 2566 \u0301 👩‍🚀 \ud800 ' \n hier je".split(
        " "
      )
    for (let i = 0; i < 20_000; i++) {
      const query = Array.from({ length: random.int(12) }, () => random.pick(parts)).join(
        random.pick(["", " "])
      )
      const hint = timeHint(query, NOW, UTC)
      if (hint.spans.some(({ from, to }) => !(from < to))) assert.fail(JSON.stringify(query))
      timeMatch(hint, NOW)
    }
  })

  it("is linear in the question, whatever it is", () => {
    const plain = "The quick brown fox jumps over the lazy dog. ".repeat(2_200)
    const usual = cpuTimeOf(() => timeHint(plain, NOW, UTC))
    for (const part of [
      "may ",
      "March 3 ",
      "2023-06-03 ",
      "1.1.2023 ",
      "2023",
      "2023 ",
      "9",
      "yesterday ",
      "last ",
      "last week ",
      "3 days ",
      "three ",
      "上周",
      "上",
      "지난",
      "지난 ",
      "tháng mười ",
      "วันที่ 2566 ",
      "\u0301",
      "hier ",
      "the "
    ]) {
      // As many bytes: a character of Chinese is a token.
      const query = part.repeat(plain.length / Buffer.byteLength(part))
      const time = cpuTimeOf(() => timeHint(query, NOW, UTC))
      assert.isBelow(time, 10 * usual + 20, `${part}: plain text in ${usual} ms`)
    }
  })
})

describe("a time zone", () => {
  const hourOf = (iso: string) => Date.parse(iso)
  const zone = (name: string): TimeZone => findTimeZone(name) ?? assert.fail(name)
  const day = (date: string) => Date.parse(`${date}T00:00:00Z`) / DAY_MS

  it("decides which day a moment has, and when it begins", () => {
    const la = zone("America/Los_Angeles")
    assert.strictEqual(la.dayOf(hourOf("2026-11-24T04:30:00Z")), day("2026-11-23"))
    assert.strictEqual(la.startOf(day("2026-11-24")), hourOf("2026-11-24T08:00:00Z"))
    const auckland = zone("Pacific/Auckland")
    assert.strictEqual(auckland.dayOf(hourOf("2026-11-24T04:30:00Z")), day("2026-11-24"))
    assert.strictEqual(auckland.startOf(day("2026-11-24")), hourOf("2026-11-23T11:00:00Z"))
  })

  it("has days of 23 and 25 hours, and days without a midnight", () => {
    const hours = (name: string, date: string) =>
      (zone(name).startOf(day(date) + 1) - zone(name).startOf(day(date))) / 3_600_000
    assert.strictEqual(hours("America/Los_Angeles", "2026-03-08"), 23)
    assert.strictEqual(hours("America/Los_Angeles", "2026-11-01"), 25)
    assert.strictEqual(hours("Pacific/Auckland", "2026-09-27"), 23)
    assert.strictEqual(hours("Pacific/Auckland", "2026-04-05"), 25)
    assert.strictEqual(hours("Australia/Lord_Howe", "2026-10-04"), 23.5)
    // Midnight of 2018-11-04 was skipped.
    assert.strictEqual(hours("America/Sao_Paulo", "2018-11-04"), 23)
    assert.strictEqual(zone("America/Sao_Paulo").startOf(day("2018-11-04")), hourOf("2018-11-04T03:00:00Z"))
    // Samoa had no 2011-12-30.
    assert.strictEqual(hours("Pacific/Apia", "2011-12-29"), 24)
  })

  it("decides what yesterday is", () => {
    const now = hourOf("2026-11-24T04:30:00Z")
    const sunday = hourOf("2026-11-22T21:00:00Z")
    const monday = hourOf("2026-11-23T20:00:00Z")
    const match = (query: string, at: number, name: string) => timeMatch(timeHint(query, now, zone(name)), at)
    assert.deepStrictEqual(
      [match("yesterday", sunday, "America/Los_Angeles"), match("yesterday", monday, "America/Los_Angeles")],
      [2, 0]
    )
    assert.deepStrictEqual([match("yesterday", sunday, "UTC"), match("yesterday", monday, "UTC")], [0, 2])
    assert.strictEqual(match("on 22 November", hourOf("2026-11-23T05:00:00Z"), "America/Los_Angeles"), 2)
  })

  it("is a name of the IANA database", () => {
    for (const name of ["Mars/Olympus", "", "+02:00", "../etc", "a".repeat(100), "Europe/Paris "]) {
      assert.isUndefined(findTimeZone(name), name)
    }
    for (const name of ["UTC", "Europe/Paris", "Asia/Kolkata", "Etc/GMT+5"]) {
      assert.strictEqual(findTimeZone(name)?.name, name)
    }
  })
})
