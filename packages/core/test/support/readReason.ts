import { MemoryError } from "@keepsake/core"

/** The tag of the reason that a call fails for, or of `InvalidInput` the field. */
export const readReason = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call
  } catch (error) {
    if (!(error instanceof MemoryError)) throw error
    return error.reason._tag === "InvalidInput" ? error.reason.field : error.reason._tag
  }
  return "no failure"
}
