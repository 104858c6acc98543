import { estimateTokens } from "@keepsake/core/driver"

/** An image of the usual size. */
const IMAGE_TOKENS = 1_600
/** Characters of base64 per token: a PDF's page of text and image. */
const BASE64_CHARACTERS_PER_TOKEN = 32

const isBase64 = (value: object): value is { readonly data: string } =>
  "type" in value && value.type === "base64" && "data" in value && typeof value.data === "string"

/** Tokens of a message, a block or a tool, as JSON. Images and documents count by their kind, not by their bytes. */
export const estimateJson = (value: unknown): number => {
  let media = 0
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== "object" || part === null) return part
    if ("type" in part && part.type === "image") {
      media += IMAGE_TOKENS
      return null
    }
    if (!isBase64(part)) return part
    media += Math.ceil(part.data.length / BASE64_CHARACTERS_PER_TOKEN)
    return null
  })
  return media + estimateTokens(text ?? "")
}

const estimates = new WeakMap<object, number>()

/** The estimate of an object that does not change, made once. */
export const estimateOnce = (value: object): number => {
  const known = estimates.get(value)
  if (known !== undefined) return known
  const estimate = estimateJson(value)
  estimates.set(value, estimate)
  return estimate
}

/** Trimming goes below the budget, down to this share of it, so that the cached prefix changes rarely. */
const TRIM_SHARE = 0.7

/** How many of the oldest sizes must go so that the rest fits; 0 if all fit. */
export const countToTrim = (sizes: ReadonlyArray<number>, budgetTokens: number): number => {
  if (sizes.reduce((sum, size) => sum + size, 0) <= budgetTokens) return 0
  let left = budgetTokens * TRIM_SHARE
  let first = sizes.length
  while (first > 0 && left >= (sizes[first - 1] ?? 0)) left -= sizes[--first] ?? 0
  return first
}
