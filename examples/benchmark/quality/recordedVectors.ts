import { readFile } from "node:fs/promises"
import type { EmbedderProvider } from "@keepsake/keepsake"
import { contentOf, type EvaluationSet } from "./EvaluationSet.ts"

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/gu, "\\$&")

/** The question without the first names of those who talk, as the file's third block has it. */
const nameless = (q: string, names: ReadonlyArray<string>): string =>
  names
    .reduce((text, name) => text.replaceAll(new RegExp(`\\b${escaped(name)}('s|\u2019s)?\\b`, "giu"), " "), q)
    .replaceAll(/\s+/gu, " ")
    .trim()

/**
 * An embedder that looks vectors up: little-endian float32 in three blocks, every document, every question
 * as asked, and every question without the first names of the dialogue's speakers.
 */
export const recordedVectors = async (file: string, set: EvaluationSet): Promise<EmbedderProvider> => {
  const bytes = await readFile(file)
  const floats = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  const docs = set.scopes.flatMap((scope) => scope.docs)
  const questions = set.scopes.flatMap((scope) => scope.queries.map((query) => ({ query, scope })))
  const rows = docs.length + 2 * questions.length
  const dimensions = floats.length / rows
  if (!Number.isInteger(dimensions))
    throw new Error(
      `${file} holds ${floats.length} numbers, which ${rows} vectors of ${set.name} cannot have`
    )
  const row = (i: number) => floats.subarray(i * dimensions, (i + 1) * dimensions)

  const documents = new Map(docs.map((doc, i) => [contentOf(doc), row(i)]))
  const asked = new Map<string, Float32Array>()
  questions.forEach(({ query, scope }, i) => {
    const names = Array.from(new Set(scope.docs.map(({ speaker }) => speaker.split(" ")[0] ?? "")))
    asked.set(query.q, row(docs.length + i))
    asked.set(nameless(query.q, names), row(docs.length + questions.length + i))
  })
  return {
    model: `recorded:${set.name}:${dimensions}`,
    dimensions,
    embed: (texts, purpose) =>
      texts.map((text) => {
        const vector = purpose === "document" ? documents.get(text) : (asked.get(text) ?? documents.get(text))
        if (vector === undefined)
          throw new Error(`${file} has no vector of this ${purpose}: ${text.slice(0, 80)}`)
        return vector
      })
  }
}
