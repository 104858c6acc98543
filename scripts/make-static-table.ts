/**
 * `node scripts/make-static-table.ts FOLDER` makes the table of word pieces that `@keepsake/keepsake` embeds with where
 * no embedder is named, from the files of all-MiniLM-L6-v2 in FOLDER. Each piece goes through the model alone; what all
 * have in common and the eight greatest components are taken out, and a piece weighs the less, the more ordinary text
 * has of it. How much that is, is counted in our own conversations, in the half that may be fitted to.
 */
import { readFile, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { readSet, toContent } from "../examples/benchmark/quality/EvaluationSet.ts"
import { readDialogues } from "../examples/benchmark/quality/readDialogue.ts"
import { packRows, writePacked } from "../packages/keepsake/src/embedders/static/packedTable.ts"
import { TABLE_BEGIN, TABLE_END } from "../packages/keepsake/src/embedders/static/tableText.ts"
import { readTokenizer, type TokenizerFile } from "../packages/keepsake/src/embedders/static/readTokenizer.ts"
import { embedPieces } from "./static-table/embedPieces.ts"
import { reduce } from "./static-table/principal.ts"

const DIMENSIONS = 192
/** Greatest components taken out: what they tell apart is kinds of pieces, not subjects. */
const SKIPPED = 8
/** A piece of this share of the text weighs one half. */
const HALF_SHARE = 3e-4
const SPECIAL = /^\[(?:unused\d+|PAD|UNK|CLS|SEP|MASK)\]$/u

const data = fileURLToPath(new URL("../examples/benchmark/data/", import.meta.url))

const readTexts = async (): Promise<ReadonlyArray<string>> => {
  const { scopes } = await readSet(join(data, "keepsake-dialogues.json"))
  const written = await readDialogues(join(data, "dialogues"))
  return [...scopes, ...written.filter(({ half }) => half === "fit")].flatMap(({ docs }) =>
    docs.map(toContent)
  )
}

const [modelFolder] = process.argv.slice(2)
if (modelFolder === undefined)
  throw new Error("node scripts/make-static-table.ts FOLDER: the files of all-MiniLM-L6-v2")
const file = JSON.parse(await readFile(join(modelFolder, "tokenizer.json"), "utf8")) as TokenizerFile & {
  readonly model: { readonly vocab: Readonly<Record<string, number>> }
}
const { vocab } = file.model
const kept = Object.entries(vocab)
  .filter(([text]) => !SPECIAL.test(text))
  .sort(([, a], [, b]) => a - b)
const vectors = await embedPieces(
  resolve(modelFolder),
  kept.map(([, id]) => id),
  vocab["[CLS]"] ?? 0,
  vocab["[SEP]"] ?? 0
)

const tokenize = readTokenizer(file)
const counts = new Map<number, number>()
let total = 0
for (const text of await readTexts()) {
  for (const id of tokenize(text)) {
    counts.set(id, (counts.get(id) ?? 0) + 1)
    total += 1
  }
}
const weights = kept.map(([, id]) => HALF_SHARE / (HALF_SHARE + (counts.get(id) ?? 0) / total))
const text = writePacked({
  dimensions: DIMENSIONS,
  texts: kept.map(([piece]) => piece),
  ...packRows(reduce(vectors, SKIPPED, DIMENSIONS), DIMENSIONS, weights)
})
// A module, so that every bundler takes it along.
await writeFile(
  fileURLToPath(new URL("../packages/keepsake/table/english.js", import.meta.url)),
  `${TABLE_BEGIN}${text}${TABLE_END}`
)
console.log(`${kept.length} pieces, ${total} counted in our conversations, ${text.length} characters`)
