import { assert, describe, it } from "vitest"
import { hover } from "../support/languageServer.ts"

const FACES = {
  "the Promise twin": {
    text: `import type { MemoryClient } from "@keepsake/core"
declare const client: MemoryClient
const memory = client.for({ userId: "ada" })
void [memory.remember, memory.rememberMany, memory.rememberExchange, memory.recall, memory.context]`,
    handle: "const memory: PromiseMemory",
    face: "promise",
    answer: "): Promise<"
  },
  "the Effect handle": {
    text: `import type { ScopedMemory } from "@keepsake/core"
declare const memory: ScopedMemory
void [memory.remember, memory.rememberMany, memory.rememberExchange, memory.recall, memory.context]`,
    handle: "const memory: ScopedMemory",
    face: "effect",
    answer: "): Effect<"
  }
} as const

describe("an editor", () => {
  for (const [name, { answer, face, handle, text }] of Object.entries(FACES)) {
    it(`shows a named type and a docstring for the first verbs of ${name}`, async () => {
      const verbs = ["remember,", "rememberMany,", "rememberExchange,", "recall,", "context]"]
      const url = new URL("./hovered.ts", import.meta.url)
      const [shown = "", ...answers] = await hover(url, text, ["memory.context", ...verbs])
      assert.include(shown, handle)
      for (const [i, verb] of verbs.entries()) {
        const [signature = "", ...documentation] = (answers[i] ?? "").trim().split("\n")
        assert.include(signature, `MemoryVerbs<"${face}">.${verb.slice(0, -1)}(`)
        assert.include(signature, answer)
        assert.match(documentation.join("\n"), /\w{3,} \w+/u)
      }
    })
  }
})
