import { describe, expect, it } from "vitest"
import { asksOfFailure, reportsFailure } from "../../src/context/failures.ts"
import { makeCutter, readQuestion } from "../../src/context/makeCutter.ts"
import { estimateTokens } from "../../src/text/estimateTokens.ts"

/** Lines that go well, some with words of the questions. */
const quiet = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  Array.from(
    { length: 36 },
    (_, i) => `10:${String(i + 10)} step ${i} of ${words[i % words.length]} took ${i * 7 + 3} ms, 0 errors`
  )

/** A question, words of it that other lines hold, and the line that answers it, which holds none. */
const CASES: ReadonlyArray<readonly [question: string, words: ReadonlyArray<string>, line: string]> = [
  [
    "Which package broke the build yesterday?",
    ["build", "package"],
    "leftpad-pro: TypeError: Cannot read properties of undefined"
  ],
  [
    "What went wrong with the nightly backup?",
    ["nightly", "backup"],
    "rsync: write /mnt/vault/8.tar: No space left on device (28)"
  ],
  ["Why did the worker crash?", ["worker", "idle"], "kernel: oom-kill: pid 8812 (chromium) total-vm 9 GB"],
  [
    "Woran ist der Import gescheitert?",
    ["Import", "Tabelle"],
    "COPY line 40118, column zip: invalid byte sequence 0xe9"
  ],
  [
    "¿Por qué falló el despliegue?",
    ["despliegue", "imagen"],
    "registry: unauthorized: access denied for robot$ci"
  ],
  [
    "Quelle étape a échoué cette nuit ?",
    ["étape", "nuit"],
    "terraform: aws_lb.front: timed out after 10m0s, state locked"
  ],
  ["昨天部署失败的原因是什么?", ["部署", "镜像"], "java.lang.IllegalStateException: port 8443 is taken"],
  [
    "昨夜のテストはどこで落ちた?",
    ["テスト", "昨夜"],
    "✗ cart.spec.ts › rounds to cents: expected 1.10, got 1.1"
  ],
  ["На чём упал перенос базы?", ["перенос", "базы"], "FATAL: sorry, too many clients already"]
]

describe("a question about a failure", () => {
  it.each(CASES)("shows the line that reports it: %s", (question, words, line) => {
    const lines = quiet(words).toSpliced(23, 0, `10:33 ${line}`)
    const shown = makeCutter(lines.join("\n"), readQuestion(question), estimateTokens)(120)
    expect(shown).toContain(line)
  })

  it.each(CASES)("is known by its words: %s", (question, _, line) => {
    expect(asksOfFailure(question)).toBe(true)
    expect(reportsFailure(line)).toBe(true)
  })

  it("is no other question, and a report is no count of nothing", () => {
    for (const question of [
      "What do we have for breakfast?",
      "Which default colour did I choose?",
      "Wie heißt mein Projekt?",
      "¿Qué falta comprar?",
      "Quel plan ai-je choisi ?"
    ])
      expect([question, asksOfFailure(question)]).toStrictEqual([question, false])
    for (const line of [
      "618 passed, 0 failed",
      "finished without errors",
      "errors: 0, warnings: 2",
      "failures=0",
      "The exit is on the left",
      "blue is live with 88f13c0"
    ])
      expect([line, reportsFailure(line)]).toStrictEqual([line, false])
    for (const line of ["10 failed", "errors: 12", "exit code 137", "ERROR in main.ts"])
      expect([line, reportsFailure(line)]).toStrictEqual([line, true])
  })
})
