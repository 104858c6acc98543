import { clearImmediate, setImmediate } from "node:timers"
import * as Effect from "effect/Effect"

/**
 * Time budget of one event-loop slice, in milliseconds; calls beyond it wait for the next. A call that computes
 * without a pause may exceed it by a few milliseconds.
 */
export const SLICE_MS = 4

/** Spent by more than this, a slice is not one in which another part of a call begins: a part takes some milliseconds. */
export const PART_MS = 2

/** When the first call of this slice began; `null` before it. A thread has one event loop, hence one slice. */
let startedAt: number | null = null

type Waiting = Set<() => void>

/** Calls that have not begun, in order. */
const waiting: Waiting = new Set()

/** Calls under way, which go before those that have not begun. */
const paused: Waiting = new Set()

const isSpent = (ms = SLICE_MS): boolean => startedAt !== null && performance.now() - startedAt >= ms

const startSlice = (): void => {
  startedAt = performance.now()
  setImmediate(endSlice)
}

const endSlice = (): void => {
  startedAt = null
  if (paused.size > 0 || waiting.size > 0) release()
}

/** Continues calls until the slice is spent; a microtask between two lets the first begin its work. */
const release = (): void => {
  startSlice()
  const step = (): void => {
    const from = paused.size > 0 ? paused : waiting
    const [call] = from
    if (call === undefined || isSpent(from === paused ? PART_MS : SLICE_MS)) return
    from.delete(call)
    call()
    queueMicrotask(step)
  }
  step()
}

const waitIn = (calls: Waiting): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const call = () => resume(Effect.void)
    calls.add(call)
    return Effect.sync(() => calls.delete(call))
  })

/**
 * Continues at once, or in a later slice when the calls of this one have spent it. Calls answered from memory
 * never leave the microtask queue: without this a burst of them would starve timers and sockets. First come,
 * first served, over all calls of the process.
 */
export const admit: Effect.Effect<void> = Effect.suspend(() => {
  if (paused.size > 0 || waiting.size > 0 || isSpent()) return waitIn(waiting)
  if (startedAt === null) startSlice()
  return Effect.void
})

/** The same between two parts of a call under way: it goes on before calls that wait to begin. */
export const breathe: Effect.Effect<void> = Effect.suspend(() => {
  if (isSpent(PART_MS)) return waitIn(paused)
  if (startedAt === null) startSlice()
  return Effect.void
})

/** Continues in a later slice: the call has spent this one. */
export const nextSlice: Effect.Effect<void> = Effect.suspend(() => {
  if (startedAt === null) startSlice()
  return waitIn(paused)
})

/** The same for work that is no call's: at once where nothing waits, else after the calls under way. */
export const workWhenFresh = (work: () => void): void => {
  if (paused.size > 0 || isSpent(PART_MS)) {
    paused.add(work)
    return
  }
  if (startedAt === null) startSlice()
  work()
}

/** Items between two looks at the clock: of some ten microseconds each. */
const ITEMS_PER_LOOK = 16

/** Visits items in slices of the event loop. */
export const visitInSlices = Effect.fnUntraced(function* <A>(
  items: ReadonlyArray<A>,
  visit: (item: A, index: number) => void
) {
  for (const [i, item] of items.entries()) {
    if (i % ITEMS_PER_LOOK === ITEMS_PER_LOOK - 1) yield* breathe
    visit(item, i)
  }
})

/** `items.map(toOther)`, in slices of the event loop. */
export const mapInSlices = <A, B>(
  items: ReadonlyArray<A>,
  toOther: (item: A, index: number) => B
): Effect.Effect<Array<B>> =>
  Effect.suspend(() => {
    const others: Array<B> = []
    return Effect.as(
      visitInSlices(items, (item, i) => others.push(toOther(item, i))),
      others
    )
  })

/** Continues after pending timers and sockets; for work in the background, which must not wait behind calls. */
export const yieldToEventLoop: Effect.Effect<void> = Effect.callback<void>((resume) => {
  const handle = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(handle))
})
