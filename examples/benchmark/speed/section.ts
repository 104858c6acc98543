/** Runs one section and gives its rows to the process that asked. */
import { answer } from "./ownProcess.ts"
import { SECTIONS } from "./sections.ts"

const [, , name = "", quick = ""] = process.argv
const section = await SECTIONS[name]?.()
answer((await section?.rows({ quick: quick === "quick" })) ?? [])
