import { clearImmediate, setImmediate } from "node:timers"
import * as Effect from "effect/Effect"

/**
 * Time budget of one event-loop slice, in milliseconds; calls beyond it wait for the next. A call that computes
 * without a pause may exceed it by a few milliseconds.
 */
export const SLICE_MS = 5

/** When the first call of this slice began; `null` before it. A thread has one event loop, hence one slice. */
let startedAt: number | null = null

/** Waiting calls, in order; `null` where one was interrupted. */
let waiting: Array<(() => void) | null> = []

const isSpent = (): boolean => startedAt !== null && performance.now() - startedAt >= SLICE_MS

const startSlice = (): void => {
  startedAt = performance.now()
  setImmediate(endSlice)
}

const endSlice = (): void => {
  startedAt = null
  if (waiting.length > 0) release()
}

/** Starts waiting calls until the slice is spent; a microtask between two lets the first begin its work. */
const release = (): void => {
  startSlice()
  const queue = waiting
  let next = 0
  const step = (): void => {
    if (next === queue.length) waiting = []
    else if (isSpent()) waiting = queue.slice(next)
    else {
      queue[next++]?.()
      queueMicrotask(step)
    }
  }
  step()
}

const nextSlice: Effect.Effect<void> = Effect.callback<void>((resume) => {
  const call = () => resume(Effect.void)
  waiting.push(call)
  return Effect.sync(() => {
    const index = waiting.indexOf(call)
    if (index >= 0) waiting[index] = null
  })
})

/**
 * Continues at once, or in a later slice when the calls of this one have spent it. Calls answered from memory
 * never leave the microtask queue: without this a burst of them would starve timers and sockets. First come,
 * first served, over all calls of the process.
 */
export const admit: Effect.Effect<void> = Effect.suspend(() => {
  if (waiting.length > 0 || isSpent()) return nextSlice
  if (startedAt === null) startSlice()
  return Effect.void
})

/** Continues after pending timers and sockets; for work in the background, which must not wait behind calls. */
export const yieldToEventLoop: Effect.Effect<void> = Effect.callback<void>((resume) => {
  const handle = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(handle))
})
