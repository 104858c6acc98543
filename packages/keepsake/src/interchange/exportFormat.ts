/** The export: JSON lines, one per memory, between a head and a tail whose count shows a truncated file. */
import type { Memory } from "@keepsake/core"
import * as Schema from "effect/Schema"

const EXPORT_VERSION = 1

export const Head = Schema.Struct({ keepsake: Schema.Literal("export"), version: Schema.Int, at: Schema.Int })
export const Tail = Schema.Struct({ keepsake: Schema.Literal("end"), memories: Schema.Int })

export const isSupported = (head: typeof Head.Type): boolean => head.version === EXPORT_VERSION

export const headLine = (at: number): string =>
  JSON.stringify({ keepsake: "export", version: EXPORT_VERSION, at })

export const memoryLine = (memory: Memory): string => JSON.stringify(memory)

export const tailLine = (memories: number): string => JSON.stringify({ keepsake: "end", memories })
