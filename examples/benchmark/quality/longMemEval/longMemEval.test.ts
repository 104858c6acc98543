import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { withFolder } from "../../speed/folder.ts"
import { parseDate } from "../EvaluationSet.ts"
import { evaluateLongMemEval } from "./evaluateLongMemEval.ts"
import { findEvidence, toSessions } from "./haystack.ts"
import { recallAll, recallAny, reciprocalRank } from "./printLongMemEval.ts"
import { type Instance, readInstances } from "./readInstances.ts"

/** Written for this test in the form of the published files. */
const FILE = fileURLToPath(new URL("../../data/longmemeval-form.json", import.meta.url))

const readAll = async (file: string): Promise<ReadonlyArray<Instance>> => {
  const instances: Array<Instance> = []
  for await (const instance of readInstances(file)) instances.push(instance)
  return instances
}

const count = (kept: ReadonlyArray<Instance>): number =>
  new Set(kept.flatMap((instance) => toSessions(instance).map(({ session }) => session))).size

describe("the published form", () => {
  it("is read an instance at a time, whatever its texts hold", async () => {
    const instances = await readAll(FILE)
    assert.deepStrictEqual(
      instances.map(({ question_id: id }) => id),
      ["lm-1", "lm-2", "lm-3", "lm-4_abs", "lm-5"]
    )
    assert.include(instances[4]?.haystack_sessions[1]?.[0]?.content, '{curly "quotes"}')
  })

  it("is refused where an instance is cut off or of another form", async () => {
    await withFolder(async (folder) => {
      for (const [name, text, message] of [
        ["cut.json", '[{"question_id": "a"', "ends within an instance"],
        ["other.json", '[{"question_id": "a"}]', "is not LongMemEval's"]
      ] as const) {
        const file = join(folder, name)
        await writeFile(file, text)
        const error: unknown = await readAll(file).catch((cause: unknown) => cause)
        assert.include(String(error), message)
      }
    })
  })

  it("tells sessions of one name apart, and knows a session that returns", async () => {
    const instances = await readAll(FILE)
    assert.strictEqual(instances.flatMap(({ haystack_sessions: sessions }) => sessions).length, 14)
    assert.strictEqual(count(instances), 8)
    const { sessions, turns } = findEvidence(instances[2]!)
    assert.strictEqual(sessions.size, 1)
    assert.deepStrictEqual([...turns], [`${[...sessions][0]}:2`])
  })

  it("dates a session in UTC, to the minute", async () => {
    const [first] = await readAll(FILE)
    const [{ statements } = { statements: [] }] = toSessions(first!)
    assert.strictEqual(statements[0]?.saidAt, Date.UTC(2023, 3, 2, 18, 20))
    assert.strictEqual(parseDate("2023-04-02T18:20Z"), Date.UTC(2023, 3, 2, 18, 20))
  })
})

describe("the benchmark's measures", () => {
  const ranking = { places: [1, 6], evidence: 2 }

  it("asks for some of the evidence, for all of it, and for the place of the first", () => {
    assert.deepStrictEqual(
      [1, 5, 10].map((k) => recallAny(ranking, k)),
      [0, 1, 1]
    )
    assert.deepStrictEqual(
      [1, 5, 10].map((k) => recallAll(ranking, k)),
      [0, 0, 1]
    )
    assert.strictEqual(reciprocalRank(ranking), 1 / 2)
    assert.strictEqual(reciprocalRank({ places: [], evidence: 1 }), 0)
  })
})

describe("a run", () => {
  it("ranks sessions and turns, a scope a question and in one scope, without abstentions", async () => {
    for (const isPooled of [false, true]) {
      const { abstentions, outcomes } = await evaluateLongMemEval(
        { file: FILE, backend: "memory", isPooled },
        null
      )
      assert.strictEqual(abstentions, 1)
      assert.deepStrictEqual(
        outcomes.map(({ type }) => type),
        ["single-session-user", "knowledge-update", "temporal-reasoning", "single-session-preference"]
      )
      assert.deepStrictEqual(
        outcomes.map(({ sessions, turns }) => [sessions.evidence, turns?.evidence]),
        [
          [1, 1],
          [2, 2],
          [1, 1],
          [1, 2]
        ]
      )
      for (const { sessions } of outcomes) assert.strictEqual(recallAll(sessions, 10), 1)
      // The latest of a changed fact comes first, and both are found.
      assert.deepStrictEqual(outcomes[1]?.sessions.places, [0, 1])
    }
  })
})
