import { assert, it } from "@effect/vitest"
import { CALENDAR_WORDS } from "../../src/text/time/calendarWords.ts"
import { readItems } from "../../src/text/time/timePhrases.ts"

/** Codes of a list, and its phrases. */
const toLists = ({ months, phrases, weekdays }: (typeof CALENDAR_WORDS)[number]) => [
  ...months.split("|").map((names, i) => [`M${i}`, names.split("/")] as const),
  ...weekdays.split("|").map((names, i) => [`W${i}`, names.split("/")] as const),
  ...Object.entries(phrases).map(([code, list]) => [code, list.split("|")] as const)
]

it("every phrase of every language is found, whichever question comes first", () => {
  const missed: Array<string> = []
  for (const [language, words] of CALENDAR_WORDS.entries()) {
    for (const [code, phrases] of toLists(words)) {
      for (const phrase of phrases) {
        const evidence = (words.evidence ?? "").split("|")[0] ?? ""
        const text = phrase.startsWith("?") ? `${evidence} , ${phrase.slice(1)}` : phrase
        const isFound = readItems(text.normalize("NFC")).some(({ meanings }) =>
          meanings.some((meaning) => meaning.code === code && meaning.language === language)
        )
        if (!isFound) missed.push(`${code} ${phrase}`)
      }
    }
  }
  assert.deepStrictEqual(missed, [])
})
