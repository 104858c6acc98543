/** The first process: a conversation is had, each exchange is remembered, the process ends. */
import { openMemory } from "@keepsake/keepsake"
import { heading, readScript, wrap } from "./script.ts"

const [url = ""] = process.argv.slice(2)
const script = await readScript()

await using memory = await openMemory(url)
const user = memory.for({ userId: script.user })

for (const { date, id, turns } of script.sessions) {
  console.log(
    heading(`First session (process ${process.pid}), ${turns.length} turns, said on ${date.slice(0, 10)}`)
  )
  for (let turn = 0; turn < turns.length; turn += 2) {
    const [asked, answered] = [turns[turn], turns[turn + 1]]
    await user.rememberExchange({
      user: asked?.text ?? "",
      assistant: answered?.text ?? "",
      sessionId: id,
      turn,
      saidAt: Date.parse(date) + turn * 60_000
    })
    if (turn < 6) {
      console.log(wrap(asked?.text ?? "", "         ", "   user: "))
      console.log(wrap(answered?.text ?? "", "         ", "  agent: "))
    }
  }
  console.log(`  … and ${turns.length - 6} turns more, among them a parser error, a radiator and a cat.`)
}

const { total } = await user.stats()
console.log(`\n  ${total} memories kept in ${url}; the process ends here.`)
