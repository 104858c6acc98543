/**
 * A scratch file: change it and the sources to try something by hand. `pnpm play` runs it again on every save.
 * Nothing imports it, and a change of it is not meant to be committed.
 */
import { openMemory } from "./packages/keepsake/src/index.ts"

// `file:./play.db` lasts from run to run (git ignores it); a server's URL works too.
await using memory = await openMemory("memory:")
const ines = memory.for({ userId: "ines" })

await ines.remember("I'm building a SaaS for freight logistics.")
await ines.remember({ content: "Answers should be short.", type: "procedural", pinned: true })

for (const { explain, memory: found, score } of await ines.recall("What am I building?", { minScore: 0 })) {
  console.log(score.toFixed(3), found.content, explain.parts)
}
console.log((await ines.context("What am I building?")).text)
