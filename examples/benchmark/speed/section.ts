/** Runs one section and sends its rows to the parent process. */
import { answer } from "./ownProcess.ts"
import { SECTIONS } from "./sections.ts"

const [, , name = "", size = ""] = process.argv
const section = await SECTIONS[name]?.()
answer((await section?.rows({ quick: size === "quick", million: size === "million" })) ?? [])
