/** The first process: remembers each exchange of a conversation, then exits. */
import { openMemory } from "@keepsake/keepsake"
import { heading, readScript, wrap } from "./script.ts"

const [url = ""] = process.argv.slice(2)
const script = await readScript()

await using memory = await openMemory(url)
const user = memory.for({ userId: script.user })

const TURNS_SHOWN = 6

for (const { date, id, turns } of script.sessions) {
  console.log(
    heading(`First session (process ${process.pid}): ${turns.length} turns on ${date.slice(0, 10)}`)
  )
  for (let turn = 0; turn < turns.length; turn += 2) {
    const message = turns[turn]?.text ?? ""
    const answer = turns[turn + 1]?.text ?? ""
    await user.rememberExchange({
      user: message,
      assistant: answer,
      sessionId: id,
      turn,
      saidAt: Date.parse(date) + turn * 60_000
    })
    if (turn < TURNS_SHOWN) {
      console.log(wrap(message, "         ", "   user: "))
      console.log(wrap(answer, "         ", "  agent: "))
    }
  }
  console.log(`  … and ${turns.length - TURNS_SHOWN} more turns, about a parser error, a radiator, a cat …`)
}

const { total } = await user.stats()
console.log(`\n  Stored ${total} memories in ${url}. This process exits now.`)
