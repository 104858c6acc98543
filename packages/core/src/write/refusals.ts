import { shown } from "../input/fields.ts"
import { Conflict, MemoryError, NotFound, Unavailable } from "../memory/MemoryError.ts"

export const takenKey = new MemoryError({
  reason: new Conflict({
    message:
      "This key already names other content in this scope. Use another key, or supersede the memory to change what it says."
  })
})

/** Other processes took each turn that was free a moment before. */
export const lostTurns = new MemoryError({
  reason: new Unavailable({
    message:
      "Other processes took every next turn of this session: say it again, or give the exchange a turn."
  })
})

/** Fails a change to a memory that is not live. The id in the message is the caller's own. */
export const notFound = (id: string): MemoryError =>
  new MemoryError({
    reason: new NotFound({
      message: `No live memory ${shown(id)} in this scope; list or recall shows what there is.`
    })
  })
