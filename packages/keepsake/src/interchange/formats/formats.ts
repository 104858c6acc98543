import type { Format, JsonRow } from "./Format.ts"
import { kronvex } from "./kronvex.ts"
import { mem0 } from "./mem0.ts"
import { openMemory } from "./openMemory.ts"
import { statements } from "./statements.ts"

/** In this order a row is compared with them: the last takes every row with a `content`. */
const FORMATS: ReadonlyArray<Format> = [mem0, openMemory, kronvex, statements]

/** The system that writes such rows. */
export const findFormat = (row: JsonRow): Format | undefined => FORMATS.find(({ isRow }) => isRow(row))
