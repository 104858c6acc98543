import { type Condition, MEMORY_SOURCES, MEMORY_TYPES, type Target } from "@keepsake/core/driver"
import { PINNED, SOURCE_MASK, SOURCE_SHIFT, sourceIndex, TYPE_MASK, typeIndex } from "./memoryRow.ts"

/** The conditions of a kind. */
export type Leaf<Tag extends Condition["_tag"]> = Extract<Condition, { readonly _tag: Tag }>

/** The bits of `flags` that conditions read: every combination of type, source and pin. */
export const FLAG_BITS = TYPE_MASK | SOURCE_MASK | PINNED
export const ALL_FLAGS = 0xffff_ffff

const maskWhere = (test: (flags: number) => boolean): number => {
  let mask = 0
  for (let flags = 0; flags <= FLAG_BITS; flags++) if (test(flags)) mask |= 1 << flags
  return mask >>> 0
}

const flagValue = (field: "type" | "source" | "pinned", flags: number): string | boolean | undefined => {
  if (field === "pinned") return (flags & PINNED) !== 0
  return field === "type"
    ? MEMORY_TYPES.find((type) => typeIndex(type) === (flags & TYPE_MASK))
    : MEMORY_SOURCES.find((source) => sourceIndex(source) === (flags & SOURCE_MASK) >> SOURCE_SHIFT)
}

/** Fields of every memory whose value is a number. */
const NUMBER_FIELDS = ["importance", "saidAt", "createdAt", "updatedAt"] as const

/** What a condition says by a row's flags alone, or by none: bit i is set if it is true of flags i. Null if it says more. */
export const toFlagsMask = (condition: Condition): number | null => {
  switch (condition._tag) {
    case "And":
      return foldMasks(condition.conditions, ALL_FLAGS, (a, b) => a & b)
    case "Or":
      return foldMasks(condition.conditions, 0, (a, b) => a | b)
    case "Not": {
      const mask = toFlagsMask(condition.condition)
      return mask === null ? null : ~mask >>> 0
    }
    default:
      return condition.target.field === undefined ? null : leafMask(condition, condition.target.field)
  }
}

const foldMasks = (
  conditions: ReadonlyArray<Condition>,
  start: number,
  combine: (a: number, b: number) => number
): number | null => {
  let folded = start
  for (const condition of conditions) {
    const mask = toFlagsMask(condition)
    if (mask === null) return null
    folded = combine(folded, mask) >>> 0
  }
  return folded
}

const leafMask = (
  leaf: Leaf<"In" | "Exists" | "Compare" | "Contains">,
  field: NonNullable<Target["field"]>
): number | null => {
  // No field of a memory is a list.
  if (leaf._tag === "Contains") return 0
  if (field === "type" || field === "source" || field === "pinned") {
    if (leaf._tag === "Exists") return ALL_FLAGS
    if (leaf._tag === "Compare") return 0
    return maskWhere((flags) => leaf.values.some((value) => value === flagValue(field, flags)))
  }
  if (leaf._tag === "Exists") return NUMBER_FIELDS.some((name) => name === field) ? ALL_FLAGS : null
  // Names do not compare.
  return leaf._tag === "Compare" && (field === "speaker" || field === "sessionId") ? 0 : null
}
