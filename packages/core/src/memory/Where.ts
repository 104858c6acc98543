/** Which memories an operation is about, beside scope and lifetime: the JSON form that callers write. */
import type { JsonScalar, MemorySource, MemoryType } from "./Memory.ts"

/** A moment: a `Date`, epoch milliseconds, or ISO 8601 text with a zone or `Z`. */
export type Moment = Date | number | string

interface Equality<A> {
  readonly eq?: A | undefined
  readonly ne?: A | undefined
  /** One of these; of an empty list nothing is. */
  readonly in?: ReadonlyArray<A> | undefined
  readonly notIn?: ReadonlyArray<A> | undefined
  readonly exists?: boolean | undefined
}

interface Ordering<A> {
  readonly gt?: A | undefined
  readonly gte?: A | undefined
  readonly lt?: A | undefined
  readonly lte?: A | undefined
}

/** A plain value is `eq`; several operators in one object are all required. */
type Test<A, Operators = Equality<A>> = A | Operators

/**
 * What must hold of a value of the metadata. Nothing is converted (`"1"` is not `1`), so `gt gte lt lte` are
 * true of numbers alone; `contains` is true of a list that holds the scalar. `eq ne in notIn` compare scalars: a
 * list or an object equals none.
 */
export type MetadataTest = Test<
  JsonScalar,
  Equality<JsonScalar> & Ordering<number> & { readonly contains?: JsonScalar | undefined }
>

/**
 * A filter. Fields side by side are all required; `and`, `or` and `not` nest up to four deep.
 *
 * Where nothing stands (an absent key of the metadata, a field that is `null`) only `ne`, `notIn` and
 * `exists: false` are true; a `null` in metadata stands there and equals `null`.
 */
export interface Where {
  readonly type?: Test<MemoryType> | undefined
  readonly source?: Test<MemorySource> | undefined
  readonly speaker?: Test<string> | undefined
  readonly sessionId?: Test<string> | undefined
  readonly pinned?: Test<boolean> | undefined
  /** 0 to 1. */
  readonly importance?: Test<number, Equality<number> & Ordering<number>> | undefined
  readonly saidAt?: Test<Moment, Equality<Moment> & Ordering<Moment>> | undefined
  readonly createdAt?: Test<Moment, Equality<Moment> & Ordering<Moment>> | undefined
  readonly updatedAt?: Test<Moment, Equality<Moment> & Ordering<Moment>> | undefined
  readonly expiresAt?: Test<Moment, Equality<Moment> & Ordering<Moment>> | undefined
  /** By path: a dot leads into objects (`"address.city"`), never into lists; `\.` is a dot within a key. */
  readonly metadata?: { readonly [path: string]: MetadataTest } | undefined
  /** All of these; an empty list is true. */
  readonly and?: ReadonlyArray<Where> | undefined
  /** Any of these; an empty list is false. */
  readonly or?: ReadonlyArray<Where> | undefined
  readonly not?: Where | undefined
}
