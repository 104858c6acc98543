/**
 * Fits the weights of the score:
 *
 *     node examples/benchmark/quality/fit/main.ts --data beam100k.json [--test locomo.json] [--embedder SPEC] [--large]
 *
 * `--data` is fitted to, with the half of our own dialogues that may be; `--test` and the other half are measured
 * alone. What is remembered stays in `.cache/fit` for the next run. Prints fitted weights to be rounded, and figures
 * of the weights in core.
 */
import { existsSync } from "node:fs"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { FEATURES, WITH_MEANING, WORDS_ONLY } from "../../../../packages/core/src/recall/weights.ts"
import { readSet } from "../EvaluationSet.ts"
import { readDialogues } from "../readDialogue.ts"
import { makeWorlds } from "./data.ts"
import { openWorlds, type Sample } from "./extract.ts"
import { printFigures } from "./figures.ts"
import { fit } from "./logistic.ts"

const data = fileURLToPath(new URL("../../data/", import.meta.url))

/** How much each kind of message weighs in the fit, all of its messages together. */
const WEIGHTS: Readonly<Record<string, number>> = {
  set: 1,
  own: 1,
  "cut-set": 0.25,
  "cut-own": 0.25,
  "grown-set": 0.3,
  "grown-own": 0.3,
  "foreign-set": 0.3,
  "foreign-own": 0.3,
  "foreign-cut": 0.2,
  "foreign-grown": 0.2,
  "lone-set": 0.1,
  "lone-own": 0.1,
  "lone-grown": 0.2,
  "unknown-own": 0.15
}

/** Weights that the sets would have taught a habit of theirs, or that are a preference. */
const HELD = [
  "aside",
  "crowding",
  "session",
  "otherSpeaker",
  "user",
  "userLength",
  "assistant",
  "importance",
  "recency"
]
const WITHIN = 2

const extract = async (
  folder: string,
  worlds: ReturnType<typeof makeWorlds>,
  embedder: string | null
): Promise<ReadonlyArray<Sample>> => {
  await mkdir(folder, { recursive: true })
  const keysFile = join(folder, "keys.json")
  const known = (existsSync(keysFile) ? JSON.parse(await readFile(keysFile, "utf8")) : {}) as {
    [world: string]: { readonly [id: string]: string }
  }
  const opened = openWorlds(join(folder, "memory.db"), embedder)
  const samples: Array<Sample> = []
  for (const world of worlds) {
    known[world.name] ??= Object.fromEntries(await opened.fill(world))
    await writeFile(keysFile, JSON.stringify(known))
    const keys = new Map(Object.entries(known[world.name] ?? {}))
    for (const asked of world.asked) {
      const sample = await opened.ask(world, keys, asked)
      if (sample !== null) samples.push(sample)
    }
    console.error(`${world.name}: ${samples.length} messages`)
  }
  await opened.close()
  return samples
}

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    test: { type: "string" },
    embedder: { type: "string" },
    large: { type: "boolean", default: false }
  }
})
if (values.data === undefined) throw new Error("--data FILE: the set to fit to, beside our own dialogues")
const six = await readSet(join(data, "keepsake-dialogues.json"))
const written = await readDialogues(join(data, "dialogues"))
const worlds = makeWorlds(
  {
    set: (await readSet(values.data)).scopes,
    own: [...six.scopes, ...written.filter(({ half }) => half === "fit")],
    heldOut: written.filter(({ half }) => half === "held-out"),
    tests: values.test === undefined ? [] : [{ name: "test", dialogues: (await readSet(values.test)).scopes }]
  },
  values.embedder === undefined ? (values.large ? "large" : "usual") : "few"
)
const kind = values.embedder === undefined ? "words" : "vectors"
const samples = await extract(join(".cache", "fit", kind), worlds, values.embedder ?? null)
const table = values.embedder === undefined ? WORDS_ONLY : WITH_MEANING
const counts = Map.groupBy(samples, (sample) => sample.kind)
const fitted = fit(
  samples
    .filter((sample) => WEIGHTS[sample.kind] !== undefined)
    .map(({ features, gold, kind: of }) => ({
      features,
      gold,
      weight: (1_000 * (WEIGHTS[of] ?? 0)) / (counts.get(of)?.length ?? 1)
    })),
  {
    width: FEATURES.length,
    start: FEATURES.map((feature) => table[feature]),
    free: FEATURES.flatMap((feature, i) => (HELD.includes(feature) || table[feature] === 0 ? [] : [i])),
    within: WITHIN,
    ridge: 1
  }
)
console.log("fitted, to be rounded (core's in brackets):")
FEATURES.forEach((feature, i) =>
  console.log(`  ${feature.padEnd(16)}${(fitted[i] ?? 0).toFixed(2).padStart(7)}  (${table[feature]})`)
)
console.log("\nfigures of core's weights:")
printFigures(
  samples,
  FEATURES.map((feature) => table[feature])
)
