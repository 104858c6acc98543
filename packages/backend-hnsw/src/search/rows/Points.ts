import { MEASURES, PlaceColumn, PLACES, WHOLE } from "../../codec/blockBlob.ts"
import { appendBytes } from "../arrays/appendBytes.ts"
import { freeArray } from "../arrays/freeArray.ts"
import { growArray } from "../arrays/growArray.ts"
import type { Measures } from "../../codec/measureWeights.ts"
import type { ExtraPlace } from "../../codec/bodyBlob.ts"
import { firstIndex, type Passage } from "@keepsake/core/driver"
import type { RowColumns } from "./RowColumns.ts"

const [LENGTH, NORM] = [0, 1]
/** In the place of the owner, which a block has. */
const SLOT = PlaceColumn.owner
const { end: END, local: LOCAL, number: NUMBER, start: START } = PlaceColumn
const GROUPS = 2
const [FIRST, EXTRAS] = [0, 1]

type Place = Pick<Passage, "start" | "end">

/** The ith of a block's places; null for a whole text. */
const readPlace = (places: Int32Array | null, i: number): Place | null => {
  const end = places?.[PLACES * i + END] ?? WHOLE
  return end === WHOLE ? null : { start: places?.[PLACES * i + START] ?? 0, end }
}

/** Which passages make up which row; absent while every row has one, its whole text. */
interface Grouping {
  /** By point. */
  places: Int32Array
  /** By slot: the row's first point, and the point of its second passage, whose others follow; -1 for none. */
  groups: Int32Array
}

/**
 * The passages of a scope's rows, by point: a point per passage, in order of their numbers in the file. While every row
 * has one passage, points are slots.
 */
export class Points {
  readonly #rows: RowColumns
  #count = 0
  #measures: Int32Array<ArrayBuffer>
  /** The same memory. */
  #norms: Float32Array
  #grouping: Grouping | null = null

  constructor(rows: RowColumns, expected: number) {
    this.#rows = rows
    this.#measures = new Int32Array(MEASURES * expected)
    this.#norms = new Float32Array(this.#measures.buffer)
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    const { groups, places } = this.#grouping ?? { groups: this.#measures, places: this.#measures }
    return this.#measures.byteLength + (this.#grouping === null ? 0 : groups.byteLength + places.byteLength)
  }

  /** They must not be used afterwards. */
  free(): void {
    freeArray(this.#measures)
  }

  /** Whether a row may have several passages, or one that is a part of its text. */
  get isGrouped(): boolean {
    return this.#grouping !== null
  }

  /** The greatest number in the file, or -1. */
  get lastLocal(): number {
    return this.#count === 0 ? -1 : this.local(this.#count - 1)
  }

  #push(measures: Measures): number {
    const point = this.#count++
    this.#setMeasures(growArray(this.#measures, MEASURES * this.#count))
    this.#measures[MEASURES * point + LENGTH] = measures.length
    this.#norms[MEASURES * point + NORM] = measures.norm
    return point
  }

  #setMeasures(measures: Int32Array<ArrayBuffer>): void {
    if (measures === this.#measures) return
    this.#measures = measures
    this.#norms = new Float32Array(measures.buffer)
  }

  /** Adds measures as a block has them; the first point. */
  #append(measures: Uint8Array): number {
    const first = this.#count
    this.#setMeasures(appendBytes(this.#measures, MEASURES * first, measures))
    this.#count += measures.length / (this.#measures.BYTES_PER_ELEMENT * MEASURES)
    return first
  }

  /** Adds the first passages of the rows from `slot` on. @param places as a block has them; null for whole texts */
  appendFirsts(slot: number, measures: Uint8Array, places: Int32Array | null): void {
    if (places !== null) this.#group()
    const first = this.#append(measures)
    if (this.#grouping === null) return
    for (let i = 0; i < this.#count - first; i++) {
      this.#setGroup(slot + i, first + i)
      this.#setPlace(first + i, slot + i, this.#rows.local(slot + i), 0, readPlace(places, i))
    }
  }

  /** Adds a passage beyond the first. @param places as a block has it */
  appendExtra(slot: number, measures: Uint8Array, places: Int32Array): void {
    this.#group()
    const point = this.#append(measures)
    this.#setExtra(slot, point, places[LOCAL] ?? 0, places[NUMBER] ?? 0, readPlace(places, 0))
  }

  /** Adds the first passage of the row that was added last. @param place null for the whole text */
  pushFirst(measures: Measures, place: Place | null): void {
    const slot = this.#rows.count - 1
    if (place !== null) this.#group()
    const point = this.#push(measures)
    if (this.#grouping === null) return
    this.#setGroup(slot, point)
    this.#setPlace(point, slot, this.#rows.local(slot), 0, place)
  }

  /** Adds a passage beyond the first. @param local its number in the file */
  pushExtra(slot: number, local: number, measures: Measures, { number }: ExtraPlace, place: Place): void {
    this.#group()
    this.#setExtra(slot, this.#push(measures), local, number, place)
  }

  #setExtra(slot: number, point: number, local: number, number: number, place: Place | null): void {
    const { groups } = this.#group()
    this.#setPlace(point, slot, local, number, place)
    if (groups[GROUPS * slot + EXTRAS] === -1) groups[GROUPS * slot + EXTRAS] = point - (number - 1)
  }

  #group(): Grouping {
    if (this.#grouping !== null) return this.#grouping
    const grouping = {
      places: new Int32Array(PLACES * this.#count),
      groups: new Int32Array(GROUPS * this.#count)
    }
    this.#grouping = grouping
    for (let slot = 0; slot < this.#count; slot++) {
      this.#setGroup(slot, slot)
      this.#setPlace(slot, slot, this.#rows.local(slot), 0, null)
    }
    return grouping
  }

  #setGroup(slot: number, first: number): void {
    const grouping = this.#group()
    grouping.groups = growArray(grouping.groups, GROUPS * (slot + 1))
    grouping.groups[GROUPS * slot + FIRST] = first
    grouping.groups[GROUPS * slot + EXTRAS] = -1
  }

  #setPlace(point: number, slot: number, local: number, number: number, place: Place | null): void {
    const grouping = this.#group()
    grouping.places = growArray(grouping.places, PLACES * (point + 1))
    grouping.places.set([slot, local, number, place?.start ?? 0, place?.end ?? WHOLE], PLACES * point)
  }

  #placeOf(point: number, field: number): number | undefined {
    return this.#grouping?.places[PLACES * point + field]
  }

  slot(point: number): number {
    return this.#placeOf(point, SLOT) ?? point
  }

  /** The passage's number in the file. */
  local(point: number): number {
    return this.#placeOf(point, LOCAL) ?? this.#rows.local(point)
  }

  /** Which passage of its row, counted from 0. */
  number(point: number): number {
    return this.#placeOf(point, NUMBER) ?? 0
  }

  place(point: number, contentLength: number): Place {
    const end = this.#placeOf(point, END) ?? WHOLE
    return { start: this.#placeOf(point, START) ?? 0, end: end === WHOLE ? contentLength : end }
  }

  /** `Terms.length`. */
  length(point: number): number {
    return this.#measures[MEASURES * point + LENGTH] ?? 0
  }

  /** `Terms.norm`. */
  norm(point: number): number {
    return this.#norms[MEASURES * point + NORM] ?? 1
  }

  /** How many passages of a row are here. */
  passages(slot: number): number {
    return 1 + this.#rows.extras(slot)
  }

  /** The point of a row's passage, or -1. */
  find(slot: number, number: number): number {
    if (number < 0 || number >= this.passages(slot)) return -1
    const groups = this.#grouping?.groups
    if (groups === undefined) return slot
    return number === 0
      ? (groups[GROUPS * slot + FIRST] ?? -1)
      : (groups[GROUPS * slot + EXTRAS] ?? 0) + number - 1
  }

  /** The points of a row, in order of its passages. */
  all(slot: number): ReadonlyArray<number> {
    return Array.from({ length: this.passages(slot) }, (_, number) => this.find(slot, number))
  }

  /** The first point whose number in the file is greater than `local`. */
  pointAfter(local: number): number {
    return firstIndex(0, this.#count, (at) => this.local(at) > local)
  }

  /** The point of that number in the file, or -1. */
  findLocal(local: number): number {
    const point = this.pointAfter(local) - 1
    return point >= 0 && this.local(point) === local ? point : -1
  }
}
