import { readFile } from "node:fs/promises"
import type { EmbedderProvider } from "@keepsake/keepsake"
import { toContent, type EvaluationSet } from "./EvaluationSet.ts"

const escapeRegExp = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/gu, "\\$&")

/** Removes the speakers' first names from a question; the file's third block keeps an odd form ("Johns's"). */
const removeNames = (q: string, names: ReadonlyArray<string>): string =>
  names
    .reduce(
      (text, name) => text.replaceAll(new RegExp(`\\b${escapeRegExp(name)}s?('s|\u2019s)?\\b`, "giu"), " "),
      q
    )
    .replaceAll(/\s+/gu, " ")
    .trim()

/** The vector of the text, or of the first that it is a part of: parts of a text were not recorded by themselves. */
const findVector = (vectors: ReadonlyMap<string, Float32Array>, text: string): Float32Array | undefined => {
  const known = vectors.get(text)
  if (known !== undefined) return known
  for (const [whole, vector] of vectors) if (whole.includes(text)) return vector
  return undefined
}

/**
 * An embedder that reads vectors from a file: little-endian float32 in three blocks, of every document, of every
 * question, and of every question without the first names of the dialogue's speakers. A passage of a document and a part
 * of a question have the vector of the whole.
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
      `${file} has ${floats.length} numbers, which cannot be divided into ${rows} vectors for ${set.name}`
    )
  const row = (i: number) => floats.subarray(i * dimensions, (i + 1) * dimensions)

  const documents = new Map(docs.map((doc, i) => [toContent(doc), row(i)]))
  const queries = new Map<string, Float32Array>()
  questions.forEach(({ query, scope }, i) => {
    const names = Array.from(new Set(scope.docs.map(({ speaker }) => speaker.split(" ")[0] ?? "")))
    queries.set(query.q, row(docs.length + i))
    queries.set(removeNames(query.q, names), row(docs.length + questions.length + i))
  })
  return {
    model: `recorded:${set.name}:${dimensions}`,
    dimensions,
    embed: (texts, purpose) =>
      texts.map((text) => {
        const document = () => findVector(documents, text)
        const vector = purpose === "document" ? document() : (findVector(queries, text) ?? document())
        if (vector === undefined)
          throw new Error(`${file} has no vector for this ${purpose}: ${text.slice(0, 80)}`)
        return vector
      })
  }
}
