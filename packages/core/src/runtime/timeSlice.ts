import { setImmediate } from "node:timers"
import { Effect } from "effect"

/**
 * Work begun in one turn of the event loop, in milliseconds, before the next call waits for another. What a
 * call itself does in one piece comes on top: some milliseconds at the most.
 */
const SLICE_MS = 5

/** When this turn's first call began; `null` before it. There is one event loop a thread, hence one of this. */
let began: number | null = null

/** Calls that wait, in order; `null` where one gave up. */
let waiting: Array<(() => void) | null> = []

const spent = (): boolean => began !== null && performance.now() - began >= SLICE_MS

const endTurn = (): void => {
  began = null
  if (waiting.length > 0) release()
}

/** Lets waiting calls begin, one after the other's promises, until the slice is used up. */
const release = (): void => {
  began = performance.now()
  setImmediate(endTurn)
  const queue = waiting
  let next = 0
  const step = (): void => {
    if (next === queue.length) waiting = []
    else if (spent()) waiting = queue.slice(next)
    else {
      queue[next++]?.()
      queueMicrotask(step)
    }
  }
  step()
}

const nextTurn: Effect.Effect<void> = Effect.callback<void>((resume) => {
  const call = () => resume(Effect.void)
  waiting.push(call)
  return Effect.sync(() => {
    const at = waiting.indexOf(call)
    if (at >= 0) waiting[at] = null
  })
})

/**
 * At once, or in a later turn of the event loop when the calls of this one have used their slice: a thousand
 * calls at a stroke, or a loop of calls that are answered from memory and so never leave the queue of
 * promises, would keep timers and sockets waiting otherwise. Calls begin in the order in which they came.
 */
export const admit: Effect.Effect<void> = Effect.suspend(() => {
  if (waiting.length > 0 || spent()) return nextTurn
  if (began === null) {
    began = performance.now()
    setImmediate(endTurn)
  }
  return Effect.void
})
