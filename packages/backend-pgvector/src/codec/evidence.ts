/** What rows hold of a question, as a search and its neighbours' read select it. */
import type {
  MemorySource,
  MemoryType,
  PartEvidence,
  QueryPart,
  RowFacts,
  TermSettings
} from "@keepsake/core/driver"
import type { Row } from "../connection/Database.ts"
import type { CutPassage } from "./excerpt.ts"
import { measureWeights } from "./firstVersion.ts"
import { toNumberOrNull, toNumbers } from "./values.ts"

/** The facts of `m`, a row of `memories`, in the order in which `decodeFacts` reads them. */
export const FACT_COLUMNS: ReadonlyArray<string> = [
  "m.id",
  "m.type",
  "m.source",
  "m.speaker",
  "m.session_id",
  "m.turn",
  "m.said_at",
  "m.importance",
  "m.pinned"
]

type FactTuple = readonly [
  id: string,
  type: MemoryType,
  source: MemorySource,
  speaker: string | null,
  sessionId: string | null,
  turn: number | null,
  saidAt: number,
  importance: number,
  pinned: boolean
]

/** Decodes the first values of a row. */
export const decodeFacts = (row: Row): RowFacts => {
  const f = row as unknown as FactTuple
  return {
    id: f[0],
    type: f[1],
    source: f[2],
    speaker: f[3],
    sessionId: f[4],
    turn: f[5],
    saidAt: f[6],
    importance: f[7],
    pinned: f[8]
  }
}

/** Of a text of one passage: length, norm, and where these are null the weights of all its terms. Then come the parts. */
const OWN_WIDTH = 3
/** Of each part: the cosine and the weights of a text of one passage, and the evidence of a long text as JSON. */
const PART_WIDTH = 3

export const evidenceWidth = (parts: ReadonlyArray<QueryPart>): number =>
  OWN_WIDTH + PART_WIDTH * parts.length

/** The evidence of a long text, and where it was asked for, the place and the text of the worded passage. */
type EvidenceTuple = readonly [
  cosine: number | null,
  nearest: number,
  worded: number,
  length: number,
  norm: number,
  weights: ReadonlyArray<number> | null,
  start?: number,
  end?: number,
  text?: string
]

/** One weight a term; a row that has none of the terms selects null. */
const toWeights = (selected: unknown, terms: Uint32Array | undefined): Float32Array =>
  Array.isArray(selected) ? Float32Array.from(toNumbers(selected)) : new Float32Array(terms?.length ?? 0)

/** Decodes the evidence that begins at a place of a row, for each of the parts. */
export const decodeEvidence = (
  row: Row,
  at: number,
  parts: ReadonlyArray<QueryPart>,
  settings: TermSettings
): ReadonlyArray<PartEvidence> => {
  const [length, norm] = [toNumberOrNull(row[at]), toNumberOrNull(row[at + 1])]
  const own =
    length === null || norm === null ? measureWeights(toNumbers(row[at + 2]), settings) : { length, norm }
  return parts.map(({ terms }, i): PartEvidence => {
    const start = at + OWN_WIDTH + PART_WIDTH * i
    const long = row[start + 2]
    if (long === null) {
      const weights = toWeights(row[start + 1], terms)
      return {
        cosine: toNumberOrNull(row[start]),
        nearest: 0,
        worded: 0,
        weights,
        length: own.length,
        norm: own.norm
      }
    }
    const [cosine, nearest, worded, longLength, longNorm, weights] = long as EvidenceTuple
    return {
      cosine,
      nearest,
      worded,
      weights: toWeights(weights, terms),
      length: longLength,
      norm: longNorm
    }
  })
}

/** The worded passage of the first part's evidence, which begins at a place of a row; null for a short text. */
export const decodeWorded = (row: Row, at: number): CutPassage | null => {
  const long = row[at + OWN_WIDTH + PART_WIDTH - 1]
  if (long === null) return null
  const [, , number, , , , start = 0, end = 0, text = ""] = long as EvidenceTuple
  return { number, start, end, text }
}
