/** Messages that do not ask, and go on with something told in an earlier session. */
import type { MemoryClient } from "@keepsake/keepsake"
import { isAsking } from "../../../../packages/core/src/text/cutMessage.ts"
import { holdsEvidence } from "../contextBudget.ts"
import { type Dialogue, type Doc, isAnswerable, toContent } from "../EvaluationSet.ts"
import { mean } from "../metrics.ts"
import { rememberAll, scopeOf } from "./held.ts"

/** Below this a block holds the whole memory. */
const ROWS_MIN = 25

export interface StatementsResult {
  readonly messages: number
  /** Share of the earlier turns that the block shows. */
  readonly shown: number
}

/** A turn as a message, and what an answer needs of earlier sessions too. */
interface Continued {
  readonly message: Doc
  readonly earlier: Doc
  readonly answer: string
}

/** Turns of people that answer a question together with a turn of an earlier session. */
const findContinued = ({ docs, queries }: Dialogue): ReadonlyArray<Continued> => {
  const placeOf = new Map(docs.map(({ id }, i) => [id, i]))
  return queries.filter(isAnswerable).flatMap(({ answer, gold }) => {
    const turns = gold
      .map((id) => placeOf.get(id) ?? -1)
      .sort((a, b) => a - b)
      .flatMap((place) => docs[place] ?? [])
    return turns.flatMap((message, at) =>
      message.speaker === "assistant" || isAsking(message.text)
        ? []
        : turns
            .slice(0, at)
            .filter(({ session }) => session !== message.session)
            .map((earlier) => ({ message, earlier, answer }))
    )
  })
}

/** Each message is sent to the memory of the sessions before its own. */
export const measureStatements = async (
  memory: MemoryClient,
  dialogues: ReadonlyArray<Dialogue>
): Promise<StatementsResult> => {
  const shown: Array<number> = []
  const messages = new Set<string>()
  for (const dialogue of dialogues) {
    for (const [session, continued] of Map.groupBy(
      findContinued(dialogue),
      ({ message }) => message.session
    )) {
      const docs = dialogue.docs.slice(
        0,
        dialogue.docs.findIndex((doc) => doc.session === session)
      )
      if (docs.length < ROWS_MIN) continue
      const scope = `statements-${dialogue.scope}-${session}`
      await rememberAll(memory, [{ ...dialogue, scope, docs }])
      for (const { answer, earlier, message } of continued) {
        const { items } = await scopeOf(memory, scope).context(toContent(message), {
          omit: ["profile", "lastTime"]
        })
        messages.add(`${scope} ${message.id}`)
        shown.push(holdsEvidence(items, toContent(earlier), answer) ? 1 : 0)
      }
    }
  }
  return { messages: messages.size, shown: mean(shown) }
}
