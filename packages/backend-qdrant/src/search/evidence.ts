/** What memories hold of each part: what a search did not tell is asked for, and words are counted of the text. */
import {
  documentTerms,
  type MemoryError,
  type PartEvidence,
  type Scope,
  type SearchHit,
  type Terms
} from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import * as Effect from "effect/Effect"
import { all, hasId, inScope, is, must, toFilter } from "../codec/filter.ts"
import {
  decode,
  decodeFacts,
  FACT_KEYS,
  readContent,
  type ReadPoint,
  readMemoryId,
  readPassage
} from "../codec/memoryRow.ts"
import { passageId } from "../codec/passages.ts"
import { queryAll } from "../connection/queryAll.ts"
import type { Serving } from "../requests/Serving.ts"
import { readContents } from "../requests/wholeRows.ts"
import type { AskedPart, Channel } from "./channels.ts"

type Query = Schemas["QueryRequest"]

/** A passage with its score in a channel. */
export interface Place {
  readonly passage: number
  readonly score: number
}

/** A memory, and what is known of its best passages; `undefined` is unknown, `null` is none. */
export interface Candidate {
  readonly id: string
  /** Whether its text has several passages. */
  readonly isCut: boolean
  /** By part. */
  readonly nearest: Array<Place | null | undefined>
  readonly worded: Array<Place | null | undefined>
}

/** Points that were read so far, by id; keys of the payload that come later are added. */
class Points {
  readonly #points = new Map<string, ReadPoint>()
  readonly #withFacts = new Map<string, ReadPoint>()

  add(point: ReadPoint): void {
    const id = String(point.id)
    const payload = { ...this.#points.get(id)?.payload, ...point.payload }
    this.#points.set(id, { ...point, payload })
    if (point.payload?.["type"] !== undefined) this.#withFacts.set(readMemoryId(point), point)
  }

  /** A point of a memory that has its facts. */
  ofMemory(id: string): ReadPoint | undefined {
    return this.#withFacts.get(id)
  }

  get(id: string): ReadPoint | undefined {
    return this.#points.get(id)
  }
}

/** A query for something that is not known yet, and what takes its answer. */
interface Asked {
  readonly query: Query
  readonly answer: (points: ReadonlyArray<Schemas["ScoredPoint"]>) => void
}

const toPlace = (point: Schemas["ScoredPoint"]): Place => ({
  passage: readPassage(point),
  score: point.score
})

/** Which passage a point is. */
const PLACE_KEYS = ["memory", "passage"]
/** Its text too. */
const PASSAGE_KEYS = [...PLACE_KEYS, "content", "start"]

/** Facts without a text. */
const TEXTLESS_KEYS = FACT_KEYS.filter((key) => key !== "content")

const known = (channel: Channel) => ({
  query: channel.query,
  using: channel.using,
  params: channel.knownParams
})

/** Collects what memories hold of parts. */
export class EvidenceReader {
  readonly #serving: Serving
  readonly #scope: Scope
  readonly #parts: ReadonlyArray<AskedPart>
  readonly points = new Points()
  readonly #terms = new Map<
    string,
    { readonly terms: Terms; readonly weights: ReadonlyMap<number, number> }
  >()

  constructor(serving: Serving, scope: Scope, parts: ReadonlyArray<AskedPart>) {
    this.#serving = serving
    this.#scope = scope
    this.#parts = parts
  }

  /** The id of a passage's point. */
  pointId(memoryId: string, passage: number): string {
    return passage === 0 ? memoryId : passageId(this.#scope, memoryId, passage)
  }

  /** The passage that stands for the words of a part. */
  worded({ nearest, worded }: Candidate, part: number): number {
    return (worded[part] ?? nearest[part])?.passage ?? 0
  }

  #within(conditions: ReadonlyArray<Schemas["Condition"]>): Schemas["Filter"] {
    return toFilter(all(inScope(this.#scope), must(...conditions)))
  }

  /** The best passage of a text by one channel; its facts are known by another. */
  #askBest(
    channel: Channel,
    { id }: Candidate,
    keys: Array<string>,
    answer: (place: Place | null) => void
  ): Asked {
    const query = { ...known(channel), filter: this.#within([is("memory", id)]), limit: 1 }
    return {
      query: { ...query, with_payload: keys },
      answer: ([best]) => {
        if (best !== undefined) this.points.add(best)
        answer(best === undefined ? null : toPlace(best))
      }
    }
  }

  /** The cosines of texts of one passage. */
  #askCosines(channel: Channel, part: number, candidates: ReadonlyArray<Candidate>): Asked {
    const ids = candidates.map(({ id }) => id)
    return {
      query: { ...known(channel), filter: this.#within([hasId(ids)]), limit: ids.length },
      answer: (points) => {
        const places = new Map(points.map((point) => [String(point.id), toPlace(point)]))
        for (const { id, nearest } of candidates) nearest[part] = places.get(id) ?? null
      }
    }
  }

  #unknown(candidates: ReadonlyArray<Candidate>): ReadonlyArray<Asked> {
    return this.#parts.flatMap(({ dense, lexical }, part): ReadonlyArray<Asked> => {
      const asked: Array<Asked> = []
      const apart = candidates.filter(({ isCut, nearest }) => !isCut && nearest[part] === undefined)
      if (dense !== undefined && apart.length > 0) asked.push(this.#askCosines(dense, part, apart))
      for (const candidate of candidates) {
        if (!candidate.isCut) continue
        const { nearest, worded } = candidate
        if (dense !== undefined && nearest[part] === undefined) {
          // Where words are asked too, the passage that they choose is the one whose text is wanted.
          const keys = lexical === undefined ? PASSAGE_KEYS : PLACE_KEYS
          asked.push(this.#askBest(dense, candidate, keys, (place) => (nearest[part] = place)))
        }
        if (lexical !== undefined && worded[part] === undefined) {
          asked.push(this.#askBest(lexical, candidate, PASSAGE_KEYS, (place) => (worded[part] = place)))
        }
      }
      return asked
    })
  }

  /** Points whose text is needed and was not read. */
  #unread(candidates: ReadonlyArray<Candidate>): ReadonlyArray<string> {
    const ids = candidates.flatMap((candidate) => [
      ...(this.#parts.length === 0 ? [candidate.id] : []),
      ...this.#parts.map((_, part) => this.pointId(candidate.id, this.worded(candidate, part)))
    ])
    return Array.from(new Set(ids)).filter((id) => this.points.get(id)?.payload?.["content"] === undefined)
  }

  readonly #readTexts = (ids: ReadonlyArray<string>): Effect.Effect<void, MemoryError> => {
    if (ids.length === 0) return Effect.void
    const { points } = this.#serving
    const request = { filter: this.#within([hasId(ids)]), limit: ids.length, with_payload: FACT_KEYS }
    return points.scroll(request).pipe(
      Effect.flatMap((page) => readContents(points, page.points)),
      Effect.map((complete) => {
        for (const point of complete) this.points.add(point)
      })
    )
  }

  readonly #readFacts = (ids: ReadonlyArray<string>): Effect.Effect<void, MemoryError> => {
    if (ids.length === 0) return Effect.void
    const request = { filter: this.#within([hasId(ids)]), limit: ids.length, with_payload: TEXTLESS_KEYS }
    return Effect.map(this.#serving.points.scroll(request), ({ points }) => {
      for (const point of points) this.points.add(point)
    })
  }

  /** Asks for what is unknown of candidates. */
  readonly ask = (candidates: ReadonlyArray<Candidate>): Effect.Effect<void, MemoryError> => {
    const asked = this.#unknown(candidates)
    const queries = asked.map(({ query }) => query)
    return Effect.map(queryAll(this.#serving.points, queries), (results) =>
      asked.forEach(({ answer }, i) => answer(results[i] ?? []))
    )
  }

  /** Asks for what is unknown of candidates, then reads the texts that are still missing. */
  readonly complete = (candidates: ReadonlyArray<Candidate>): Effect.Effect<void, MemoryError> => {
    // Of other texts the passage is not known yet.
    const settled = candidates.filter(({ isCut }) => !isCut)
    const unknown = candidates.filter(({ id, isCut }) => isCut && this.points.ofMemory(id) === undefined)
    const first = [
      this.ask(candidates),
      this.#readTexts(this.#unread(settled)),
      this.#readFacts(unknown.map(({ id }) => id))
    ]
    return Effect.all(first, { concurrency: "unbounded" }).pipe(
      Effect.andThen(Effect.suspend(() => this.#readTexts(this.#unread(candidates))))
    )
  }

  #countTerms(point: ReadPoint) {
    const id = String(point.id)
    const counted = this.#terms.get(id)
    if (counted !== undefined) return counted
    const terms = documentTerms(readContent(point), this.#serving.fingerprint)
    const weights = new Map<number, number>()
    for (let i = 0; i < terms.ids.length; i++) weights.set(terms.ids[i] ?? 0, terms.weights[i] ?? 0)
    this.#terms.set(id, { terms, weights })
    return { terms, weights }
  }

  #toEvidence(candidate: Candidate, { terms: asked }: AskedPart, part: number): PartEvidence | null {
    const worded = this.worded(candidate, part)
    const point = this.points.get(this.pointId(candidate.id, worded))
    if (point === undefined) return null
    const { terms, weights } = this.#countTerms(point)
    const nearest = candidate.nearest[part] ?? null
    return {
      cosine: nearest?.score ?? null,
      nearest: nearest?.passage ?? 0,
      worded,
      weights: Float32Array.from(asked, (id) => weights.get(id) ?? 0),
      length: terms.length,
      norm: terms.norm
    }
  }

  /** The hits of candidates that are complete; those that were removed meanwhile are left out. */
  toHits(candidates: ReadonlyArray<Candidate>): Effect.Effect<ReadonlyArray<SearchHit>, MemoryError> {
    return decode(() =>
      candidates.flatMap((candidate): ReadonlyArray<SearchHit> => {
        const parts = this.#parts.map((part, i) => this.#toEvidence(candidate, part, i))
        const point = this.points.ofMemory(candidate.id)
        if (point === undefined || parts.includes(null)) return []
        return [{ facts: decodeFacts(point), parts: parts.filter((part) => part !== null) }]
      })
    )
  }
}
