/**
 * `node examples/benchmark/quality/showDialogue.ts FILE…` prints the problems of each conversation and each
 * question beside its gold turns, for a second reading. Without a file it counts the questions of the folder.
 */
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { checkDialogue, findAlike } from "./checkDialogue.ts"
import { QUESTION_KINDS, readDialogue, readDialogues, type WrittenDialogue } from "./readDialogue.ts"

const ownFolder = fileURLToPath(new URL("../data/dialogues", import.meta.url))

const print = (text: string) => process.stdout.write(`${text}\n`)

/** Words of five letters or more that a question has in common with its gold turns. */
const sharedWords = (q: string, texts: ReadonlyArray<string>): ReadonlyArray<string> => {
  const toWords = (text: string) => new Set(text.toLowerCase().match(/[\p{L}\p{M}]{5,}/gu))
  const inTurns = toWords(texts.join(" "))
  return [...toWords(q)].filter((word) => inTurns.has(word))
}

const show = ({ docs, queries }: WrittenDialogue): void => {
  const docsById = new Map(docs.map((doc) => [doc.id, doc]))
  for (const { answer, cat, gold, q, qid } of queries) {
    print(`\n${qid} [${cat}] ${q}\n  = ${answer}`)
    const evidence = gold.flatMap((id) => docsById.get(id) ?? [])
    for (const { date, id, speaker, text } of evidence)
      print(`  ${id} (${date}) ${speaker}: ${text.replaceAll("\n", "\n    ")}`)
    if (cat !== "paraphrase") continue
    const shared = sharedWords(
      q,
      evidence.map(({ text }) => text)
    )
    if (shared.length > 0) print(`  ! a paraphrase, and shares: ${shared.join(", ")}`)
  }
}

const showCounts = (dialogues: ReadonlyArray<WrittenDialogue>): void => {
  print(["kind, language, half".padEnd(28), "files", "turns", "asked", ...QUESTION_KINDS].join("  "))
  const groups = Map.groupBy(dialogues, ({ half, kind, language }) => `${kind}, ${language}, ${half}`)
  for (const [name, group] of [...groups]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .concat([["all", dialogues.slice()]])) {
    const questions = group.flatMap(({ queries }) => queries)
    const counts = QUESTION_KINDS.map((kind) =>
      String(questions.filter(({ cat }) => cat === kind).length).padStart(kind.length)
    )
    const totals = [group.length, group.reduce((sum, { docs }) => sum + docs.length, 0), questions.length]
    print([name.padEnd(28), ...totals.map((total) => String(total).padStart(5)), ...counts].join("  "))
  }
}

const files = process.argv.slice(2)
if (files.length === 0) {
  const dialogues = await readDialogues(ownFolder)
  for (const problem of findAlike(dialogues)) print(`! ${problem}`)
  showCounts(dialogues)
}
for (const file of files) {
  const dialogue = await readDialogue(file)
  const others = (await readDialogues(dirname(file))).filter(({ scope }) => scope !== dialogue.scope)
  print(`# ${dialogue.scope}: ${dialogue.docs.length} turns, ${dialogue.queries.length} questions`)
  show(dialogue)
  print("")
  const alike = findAlike([dialogue, ...others]).filter((problem) => problem.includes(`${dialogue.scope}-`))
  const problems = [...checkDialogue(dialogue), ...alike]
  for (const problem of problems) print(`! ${problem}`)
  print(problems.length === 0 ? "no problems" : `${problems.length} problems`)
}
