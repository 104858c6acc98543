import { type KeepsakeConfig, openMemory } from "@keepsake/keepsake"

const SAID_AT = Date.UTC(2026, 8, 1)

const STATEMENTS = [
  "I'm building a SaaS for freight logistics",
  "The database is PostgreSQL 17, hosted in Frankfurt",
  "We ship a release every Friday at noon",
  "My co-founder Lena handles sales in Poland",
  "I prefer short answers without bullet points",
  "The carrier API answers error E-4711 when a pallet is too tall",
  "Our first customer moves flowers from Kenya to Amsterdam",
  "I'm allergic to peanuts, keep that in mind for team lunches"
]

const QUESTIONS = [
  "Which databse do we host?",
  "What does E-4711 mean?",
  "When do we ship releases?",
  "freight logistics SaaS"
]

export interface Answer {
  readonly content: string
  /** Three decimals: differences beyond them are float arithmetic. */
  readonly score: string
}

/** Remembers the statements and asks the questions on one store. */
const askStore = async (config: KeepsakeConfig): Promise<ReadonlyArray<ReadonlyArray<Answer>>> => {
  await using memory = await openMemory(config)
  const user = memory.for({ userId: "ines", agentId: "swap-backends" })
  await user.forgetAll()
  await user.rememberMany(STATEMENTS.map((content) => ({ content, saidAt: SAID_AT })))
  const answers: Array<ReadonlyArray<Answer>> = []
  for (const question of QUESTIONS) {
    const recollections = await user.recall(question, { limit: 2, minScore: 0 })
    answers.push(
      recollections.map(({ memory: { content }, score }) => ({ content, score: score.toFixed(3) }))
    )
  }
  await user.forgetAll()
  return answers
}

export interface NamedConfig extends KeepsakeConfig {
  readonly name: string
}

/** Runs the same program on each store. Returns the answers side by side, and whether all are the same. */
export const compare = async (
  configs: ReadonlyArray<NamedConfig>
): Promise<{ readonly table: string; readonly same: boolean }> => {
  const answers: Array<ReadonlyArray<ReadonlyArray<Answer>>> = []
  for (const { name: _, ...config } of configs) answers.push(await askStore(config))
  const lines = QUESTIONS.flatMap((question, q) => [
    question,
    ...configs.map(({ name }, i) => {
      const results = answers[i]?.[q]?.map(({ content, score }) => `${score} ${content.slice(0, 24)}…`)
      return `  ${name.padEnd(10)} ${results?.join("   ")}`
    })
  ])
  const [first, ...others] = answers.map((answer) => JSON.stringify(answer))
  return { table: lines.join("\n"), same: others.every((other) => other === first) }
}
