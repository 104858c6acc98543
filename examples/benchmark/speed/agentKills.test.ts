import { expect, it } from "vitest"
import { killInMidAnswer } from "./agentKills.ts"

it("loses nothing of a question whose process is killed in mid-answer", async () => {
  expect(await killInMidAnswer(3)).toEqual({ kills: 3, lostFromMemory: 0, lostFromHistory: 0, doubled: 0 })
})
