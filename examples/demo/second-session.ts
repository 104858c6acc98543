/** The second process: recalls from the file alone. */
import { setTimeout as sleep } from "node:timers/promises"
import { openMemory } from "@keepsake/keepsake"
import { heading, readScript, wrap } from "./script.ts"

const [url = ""] = process.argv.slice(2)
const { followUp, user: userId } = await readScript()

await using memory = await openMemory(url)
const user = memory.for({ userId })

console.log(heading(`Second session (process ${process.pid}): the context for the model`))
const [first, ...others] = followUp.questions
const question = first?.question ?? ""
console.log(`\n  user: ${question}\n`)
const context = await user.context(question, { sessionId: followUp.id })
console.log(context.text.replaceAll(/^/gmu, "  | "))
console.log(
  `\n  The agent sends these ${context.items.length} memories (about ${context.tokens} tokens) with the user's message.`
)

console.log(heading("A decision that changed: the context shows what is so now first"))
const changed = "Are we building the driver app in React Native?"
const { text } = await user.context(changed, {
  sessionId: followUp.id,
  budgetTokens: 300,
  omit: ["lastTime"]
})
console.log(`\n  user: ${changed}\n\n${text.replaceAll(/^/gmu, "  | ")}`)

const PARTS_SHOWN = 6

/** The largest parts of a score; all parts add up to the logit. */
const describeScore = (explain: {
  readonly logit: number
  readonly parts: Readonly<Record<string, number>>
}): string => {
  const parts = Object.entries(explain.parts)
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([feature, part]) => `${feature} ${part > 0 ? "+" : "−"}${Math.abs(part).toFixed(1)}`)
  const smaller = parts.length > PARTS_SHOWN ? `, ${parts.length - PARTS_SHOWN} smaller parts` : ""
  const logit = explain.logit.toFixed(1).replace("-", "−")
  return `score: ${parts.slice(0, PARTS_SHOWN).join(", ")}${smaller}; the sum is the logit ${logit}`
}

console.log(heading("Recall: the two best memories for each question"))
for (const followUpQuestion of others) {
  const recollections = await user.recall(followUpQuestion.question, { limit: 2 })
  console.log(`\n  user: ${followUpQuestion.question}`)
  for (const [rank, { explain, memory, score }] of recollections.entries()) {
    console.log(wrap(memory.content, "        ", `  ${score.toFixed(2)}  `))
    if (rank === 0) console.log(wrap(`(${describeScore(explain)})`, "        "))
  }
  if (recollections.length === 0) console.log("    nothing found")
}

console.log(heading("A memory that expires"))
const badge = "The visitor badge for today's demo opens door 14."
const expiresAt = Date.now() + 400
await user.remember({ content: badge, expiresAt })
const recallBadge = async () =>
  (await user.recall("Which door does the badge open?")).find(({ memory }) => memory.content === badge)
console.log(`  now:          ${(await recallBadge())?.memory.content ?? "not found"}`)
await sleep(expiresAt - Date.now() + 1)
console.log(`  0.4 s later:  ${(await recallBadge()) === undefined ? "expired" : "not expired"}`)

console.log(heading("Another user of the same file"))
const otherUser = memory.for({ userId: "mallory" })
console.log(`  mallory asks the same question: ${(await otherUser.recall(question)).length} memories,`)
console.log(`  a context of ${(await otherUser.context(question)).text.length} characters.`)

console.log(heading("Forgetting, with a receipt"))
const planned = await user.forgetAll({ dryRun: true })
const receipt = await user.forgetAll()
console.log(`  A dry run finds ${planned.removed} memories.`)
console.log(
  `  forgetAll removes ${receipt.removed}; the receipt says that the ${receipt.backend} store has ${receipt.bytes} their bytes.`
)
console.log(`  ${userId} asks again: ${(await user.recall(question)).length} memories.`)
