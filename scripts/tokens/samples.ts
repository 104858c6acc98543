/** Texts whose tokens are counted by a tokeniser and by our estimate. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

const read = (path: string): string => readFileSync(`${root}${path}`, "utf8")

interface LanguageFacts {
  readonly languages: ReadonlyArray<{
    readonly language: string
    readonly facts: ReadonlyArray<{ readonly memory: string; readonly question: string }>
  }>
}

/** Bytes that look random and are the same on every machine. */
const makeBytes = (length: number): Buffer => {
  let state = 0x9e3779b9
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state >>> 24
    })
  )
}

const repeat = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n")

/** Each text under a name. */
export const readSamples = (): ReadonlyMap<string, string> => {
  const { languages } = JSON.parse(read("examples/benchmark/data/languages.json")) as LanguageFacts
  const dialogues = JSON.parse(read("examples/benchmark/data/keepsake-dialogues.json")) as {
    readonly scopes: ReadonlyArray<{ readonly docs: ReadonlyArray<{ readonly text: string }> }>
  }
  const docs = dialogues.scopes[0]?.docs ?? []
  return new Map([
    ...languages.map(
      ({ facts, language }) =>
        [language, facts.map(({ memory, question }) => `${memory} ${question}`).join("\n")] as const
    ),
    ["dialogue", docs.map(({ text }) => text).join("\n")],
    [
      "typescript",
      repeat(
        12,
        (i) =>
          `export const value${i} = (rows: ReadonlyArray<Row>): number => rows.filter(({ id }) => id !== null).length + ${i * 7}\n`
      )
    ],
    [
      "python",
      repeat(
        12,
        (i) =>
          `def load_${i}(path):\n    with open(path) as file:\n        for number, line in enumerate(file):\n            if line.strip():\n                yield number, line.rstrip("\\n").split(",")\n`
      )
    ],
    ["json", JSON.stringify(docs.slice(0, 20), null, 2)],
    [
      "table",
      `| name | city | price |\n|---|---|---|\n${repeat(50, (i) => `| item ${i} | Porto | ${i * 3.5} |`)}`
    ],
    ["urls", repeat(40, (i) => `https://example.com/a/b-${i}/index.html?q=${i * 31}&utm_source=mail`)],
    ["numbers", repeat(40, (i) => `${((i * 7_919) % 100_000) / 100} ${i * 311} ${i}`)],
    ["base64", makeBytes(1_500).toString("base64")],
    ["hexadecimal", makeBytes(1_000).toString("hex")],
    [
      "short words",
      "I like to go to the park with my dog and my son, and we sit in the sun. It is good for us to be out of the house for an hour or two. ".repeat(
        5
      )
    ],
    [
      "explanation",
      "Certainly! To improve the performance of your application, consider implementing the following recommendations. First, configure connection pooling so that the database handles concurrent requests efficiently. Second, introduce caching for frequently accessed resources, and establish appropriate expiration policies. Finally, monitor response times continuously, because understanding the underlying bottlenecks determines which optimisations are worthwhile. ".repeat(
        3
      )
    ],
    [
      "ids",
      repeat(
        20,
        (i) => `7e2b246f-b8ba-509a-b475-${(i * 971_237_411_937 + 19_848_743).toString(16).padStart(12, "0")}`
      )
    ],
    ["capitals", "THE SHIP LEAVES AT NOON AND THE CREW EATS LATE, AS EVERY DAY OF THE SUMMER. ".repeat(6)],
    ["emoji", "😀🎉👍🏽❤️🔥👨‍👩‍👧🇵🇹✨🚀🥑🐙🧩 ".repeat(20)]
  ])
}
