/** Made-up services that rerank, in the forms of Cohere, Voyage and Text Embeddings Inference. */
import { type Answer, service } from "./embeddingService.ts"

/** More relevant, the more often a text has the letter "z". */
const countZ = (text: string): number => text.split("z").length - 1

const toResults = (texts: ReadonlyArray<string>) =>
  // Best first, as services answer: the client must bring them into the order of the texts.
  texts.map((text, index) => ({ index, z: countZ(text) })).toSorted((a, b) => b.z - a.z)

const asShares = (texts: ReadonlyArray<string>) =>
  toResults(texts).map(({ index, z }) => ({ index, relevance_score: Math.min(1, z / 4) }))

const textsOf = (body: Readonly<Record<string, unknown>>, field: string) =>
  body[field] as ReadonlyArray<string>

export const FORMS = {
  cohere: (({ body }, response) => {
    response.end(JSON.stringify({ id: "x", results: asShares(textsOf(body, "documents")), meta: {} }))
  }) satisfies Answer,
  voyage: (({ body }, response) => {
    const data = asShares(textsOf(body, "documents"))
    response.end(JSON.stringify({ object: "list", data, model: body.model, usage: { total_tokens: 1 } }))
  }) satisfies Answer,
  tei: (({ body }, response) => {
    const scores = toResults(textsOf(body, "texts")).map(({ index, z }) => ({ index, score: 4 * z - 8 }))
    response.end(JSON.stringify(scores))
  }) satisfies Answer
}

/** A service that answers every request alike, after those of the script. */
export const rerankingService = async (answer: Answer, ...script: ReadonlyArray<Answer>) =>
  service(...script, ...Array.from({ length: 100 }, () => answer))
