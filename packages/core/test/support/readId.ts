import type { Remembered } from "@keepsake/core"

/** The id of a statement that no hook drops. */
export const readId = ({ id }: Remembered): string => {
  if (id === null) throw new Error("the statement was dropped")
  return id
}
