/** The second process knows nothing but the file. */
import { setTimeout as sleep } from "node:timers/promises"
import { openMemory } from "@keepsake/keepsake"
import { heading, readScript, wrap } from "./script.ts"

const [url = ""] = process.argv.slice(2)
const { followUp, user: userId } = await readScript()

await using memory = await openMemory(url)
const user = memory.for({ userId })

const shown = (text: string): string => (text.length > 66 ? `${text.slice(0, 65)}…` : text)

console.log(heading(`Second session (process ${process.pid}): what reaches the model`))
const [first, ...others] = followUp.questions
const question = first?.question ?? ""
console.log(`\n  user: ${question}\n`)
const context = await user.context(question, { sessionId: followUp.id })
console.log(context.text.replaceAll(/^/gmu, "  | "))
console.log(
  `\n  ${context.items.length} of the memories, about ${context.tokens} tokens, put beside the user's message.`
)

/** The parts of a score that moved it most; all of them add up to the logit. */
const because = (explain: {
  readonly logit: number
  readonly parts: Readonly<Record<string, number>>
}): string => {
  const parts = Object.entries(explain.parts)
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([feature, part]) => `${feature} ${part > 0 ? "+" : "−"}${Math.abs(part).toFixed(1)}`)
  const more = parts.length > 6 ? `, and ${parts.length - 6} smaller` : ""
  return `because ${parts.slice(0, 6).join(", ")}${more}: logit ${explain.logit.toFixed(1)}`
}

console.log(heading("Recall: the two best memories for each question, and why the first"))
for (const asked of others) {
  const found = await user.recall(asked.question, { limit: 2 })
  console.log(`\n  user: ${asked.question}`)
  for (const [rank, { explain, memory, score }] of found.entries()) {
    console.log(wrap(memory.content, "        ", `  ${score.toFixed(2)}  `))
    if (rank === 0) console.log(wrap(`(${because(explain)})`, "        "))
  }
  if (found.length === 0) console.log("    nothing comes to mind")
}

console.log(heading("A memory with an end"))
const badge = "The visitor badge for today's demo opens door 14."
const expiresAt = Date.now() + 400
await user.remember({ content: badge, expiresAt })
const recallBadge = async () =>
  (await user.recall("Which door does the badge open?")).find(({ memory }) => memory.content === badge)
console.log(`  now:             ${(await recallBadge()) === undefined ? "nothing" : shown(badge)}`)
await sleep(expiresAt - Date.now() + 1)
console.log(
  `  0.4 s later:     ${(await recallBadge()) === undefined ? "nothing: it has expired" : "still there"}`
)

console.log(heading("Somebody else, same file"))
const stranger = memory.for({ userId: "mallory" })
console.log(`  mallory asks the same question and gets ${(await stranger.recall(question)).length} memories,`)
console.log(`  and a context of ${(await stranger.context(question)).text.length} characters.`)

console.log(heading("Forgetting, with a receipt"))
const planned = await user.forgetAll({ dryRun: true })
const receipt = await user.forgetAll()
console.log(
  `  a dry run names ${planned.removed}; forgetAll removes ${receipt.removed} (${receipt.bytes} in the ${receipt.backend} store)`
)
console.log(`  ${userId} asks again: ${(await user.recall(question)).length} memories`)
