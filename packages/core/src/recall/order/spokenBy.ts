/** Where a question names a speaker, what is said without a name stands behind what that speaker says in the same words. */
import { isName } from "../../text/speakerNames.ts"
import type { Evidence } from "../features.ts"

/** So many of the best rows are looked at. */
const BEST_MAX = 10

/** Whether a text names a speaker: "Olaf moved to Bergen" is about Olaf, whoever says it. */
const names = ({ text }: Evidence, speaker: string): boolean => {
  const [first = speaker] = speaker.split(" ")
  return text?.excerpt.memory.content.includes(first) ?? true
}

/** The rows that stand before a row without a name, by their places in the order of the scores. */
export const findSpokenBy = (
  rows: ReadonlyArray<Evidence>,
  speaker: string | null
): ReadonlyMap<number, ReadonlyArray<number>> => {
  const before = new Map<number, ReadonlyArray<number>>()
  if (speaker === null) return before
  const best = rows.slice(0, BEST_MAX)
  best.forEach((row, place) => {
    if (isName(row.facts.speaker) || names(row, speaker)) return
    const at = best.findIndex(
      (other, i) =>
        i > place &&
        other.facts.speaker === speaker &&
        other.part === row.part &&
        other.mask0 === row.mask0 &&
        other.mask1 === row.mask1
    )
    if (at >= 0) before.set(place, [at])
  })
  return before
}
