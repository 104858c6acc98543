import { shown } from "../input/fields.ts"
import { Conflict, MemoryError, NotFound } from "../memory/MemoryError.ts"

export const takenKey = new MemoryError({
  reason: new Conflict({
    message:
      "This key already names other content in this scope. Use another key, or supersede the memory to change what it says."
  })
})

/** Fails a change to a memory that is not live. The id in the message is the caller's own. */
export const notFound = (id: string): MemoryError =>
  new MemoryError({
    reason: new NotFound({
      message: `No live memory ${shown(id)} in this scope; list or recall shows what there is.`
    })
  })
