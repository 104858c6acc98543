/** `node main.ts FOLDER COMMIT` writes `FOLDER/<backend>/<kind>`: each store and the first version's answers. */
import crypto from "node:crypto"
import { writeFileSync } from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { join } from "node:path"
import { answers } from "./answers.ts"
import { fill } from "./contents.ts"
import { hnswPlace } from "./hnsw.ts"
import { KINDS } from "./Place.ts"
import { pgvectorPlace } from "./pgvector.ts"
import { qdrantPlace } from "./qdrant.ts"

const [folder = "", commit = ""] = process.argv.slice(2)

// Replaces the random salt of a file, so that two runs write the same bytes.
crypto.randomBytes = ((size: number) => Buffer.alloc(size, 7)) as typeof crypto.randomBytes
syncBuiltinESMExports()

const BACKENDS = {
  "backend-hnsw": hnswPlace,
  "backend-pgvector": pgvectorPlace,
  "backend-qdrant": qdrantPlace
}

/** Writes one question per line. */
const writeJson = (path: string, value: unknown): void =>
  writeFileSync(path, `${JSON.stringify(value).replaceAll('{"scope":', '\n{"scope":')}\n`)

for (const [backend, makePlace] of Object.entries(BACKENDS)) {
  for (const kind of KINDS) {
    const target = join(folder, backend, kind)
    const place = await makePlace(kind)
    await fill(place, kind)
    // Saves before it queries: a recall increments access counts.
    await place.save(target)
    const { expected, recall } = await answers(place, kind, commit)
    writeJson(join(target, "expected.json"), expected)
    writeJson(join(target, "recall.json"), recall)
    await place.end()
    process.stdout.write(`${backend} ${kind}\n`)
  }
}
