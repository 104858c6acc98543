import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { checkDialogue, checkDialogues, findAlike } from "./checkDialogue.ts"
import { isAnswerable } from "./EvaluationSet.ts"
import { parseDialogue, readDialogues } from "./readDialogue.ts"

const HEAD = "scope: bakery\nkind: work\nlanguage: en\nhalf: fit\nspeakers: user, assistant\n\n"
const TURNS = [
  "## 4:18 pm on 14 January, 2024",
  "user: The log says:",
  "  error: oven",
  "",
  "    at door",
  "assistant: Close the door.",
  "## 9:02 am on 3 March, 2024",
  "user: Closed, thanks."
].join("\n")

const parse = (questions: string) => parseDialogue(`${HEAD}${TURNS}\n\n# questions\n${questions}\n`)

/** Problems that name neither the few turns nor the few questions of these examples. */
const problemsOf = (questions: string) =>
  checkDialogue(parse(questions)).filter((problem) => !problem.startsWith("has "))

describe("a written dialogue", () => {
  it("becomes turns with ids by session", () => {
    const { docs, half, kind, language, queries, scope } = parse(
      "several | What was wrong, and did I mend it? | The door; yes | D1:2 D2:1\nunknown | Which oven? | Not said |"
    )
    assert.deepStrictEqual([scope, kind, language, half], ["bakery", "work", "en", "fit"])
    assert.deepStrictEqual(
      docs.map(({ date, id, speaker, text }) => [id, speaker, date, text]),
      [
        ["D1:1", "user", "4:18 pm on 14 January, 2024", "The log says:\nerror: oven\n\n  at door"],
        ["D1:2", "assistant", "4:18 pm on 14 January, 2024", "Close the door."],
        ["D2:1", "user", "9:02 am on 3 March, 2024", "Closed, thanks."]
      ]
    )
    assert.deepStrictEqual(queries[0]?.gold, ["D1:2", "D2:1"])
    assert.deepStrictEqual(queries.map(isAnswerable), [true, false])
  })

  it("is refused with the line's number", () => {
    assert.throws(() => parse("several | Only three | parts"), /line 17/u)
    assert.throws(() => parse("guess | What? | That | D1:1"), /line 17/u)
    assert.throws(() => parseDialogue(`${HEAD}## today\nBen: Hello\n# questions`), /line 8/u)
    assert.throws(() => parseDialogue(`colour: red\n${HEAD}${TURNS}\n# questions`), /line 1/u)
  })

  it("has gold that exists, in order, unless it is unknown", () => {
    assert.deepStrictEqual(problemsOf("single | What? | That | D1:2"), [])
    assert.lengthOf(problemsOf("single | What? | That | D1:3"), 1)
    assert.lengthOf(problemsOf("several | What? | That | D2:1 D1:1"), 1)
    assert.lengthOf(problemsOf("several | What? | That | D1:1"), 1)
    assert.lengthOf(problemsOf("single | What? | That |"), 1)
    assert.lengthOf(problemsOf("unknown | What? | That | D1:1"), 1)
  })

  it("has enough turns and questions of each kind", () => {
    assert.lengthOf(checkDialogue(parse("single | What? | That | D1:2")), 4)
  })

  it("has dates that rise and speakers who speak", () => {
    const later = TURNS.replace("2024\nuser: Closed", "2023\nuser: Closed")
    const dialogue = parseDialogue(`${HEAD.replace("assistant", "assistant, Ben")}${later}\n# questions`)
    const problems = checkDialogue(dialogue).filter((problem) => !problem.startsWith("has "))
    assert.deepStrictEqual(problems, ["session 2 is not later than the one before", "Ben never speaks"])
  })

  it("asks no two questions of a kind in the same words", () => {
    const alike = (first: string, second: string) =>
      findAlike([parse(`${first} | That | D1:1\n${second} | That | D1:1`)]).length
    assert.strictEqual(alike("single | When does Mira bake?", "single | When does Ben bake?"), 1)
    assert.strictEqual(alike("single | When does Mira bake?", "time | When does Ben bake?"), 0)
    assert.strictEqual(alike("single | When does Mira bake?", "single | What went wrong in spring?"), 0)
  })
})

describe("the written dialogues", () => {
  it("follow the rules of their format", async () => {
    const dialogues = await readDialogues(fileURLToPath(new URL("../data/dialogues", import.meta.url)))
    assert.isNotEmpty(dialogues)
    assert.deepStrictEqual(checkDialogues(dialogues), [])
  })
})
