import { percent } from "../report.ts"
import type { Bars } from "./measureBars.ts"

export const printBars = ({
  embedder,
  foreign,
  heldOut,
  loneWords,
  paste,
  shortFacts,
  statements
}: Bars): void => {
  const print = (text = "") => console.log(text)
  print(`\nwhat people really send, ${embedder}`)
  print(
    `  conversations never fitted to: R@10 ${percent(heldOut.r10)} of ${heldOut.questions} questions, calibration error ${heldOut.calibration.toFixed(3)}, best score of known against ${heldOut.unknown} unknown: AUROC ${heldOut.auroc?.toFixed(2) ?? "–"}`
  )
  print("  foreign messages             n   certain   best (median)   tokens (median)   shown")
  for (const { best, certain, label, messages, shown, tokens } of foreign)
    print(
      `    ${label.padEnd(26)}${String(messages).padStart(4)}${percent(certain).padStart(9)} %${best.toFixed(2).padStart(12)}${tokens.toFixed(0).padStart(16)}${percent(shown).padStart(8)} %`
    )
  print(
    `  ${statements.messages} messages that go on with something told before: ${percent(statements.shown)} % of it in the block`
  )
  print("  a question beside pasted words, among the first three: first / middle / last")
  for (const words of new Set(paste.map((result) => result.words))) {
    const places = paste.filter((result) => result.words === words)
    print(
      `    ${words} words (${places[0]?.questions ?? 0}): ${places.map(({ found }) => percent(found)).join(" / ")}`
    )
  }
  print(
    `  a word of one memory alone, first at the default cut: ${loneWords.map(({ first, rows }) => `${rows} rows ${percent(first)} %`).join(", ")}`
  )
  print(
    `  a short fact among those of its session, first: ${percent(shortFacts.first)} % of ${shortFacts.sessions}`
  )
}
