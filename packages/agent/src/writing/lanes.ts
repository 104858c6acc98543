import { Effect, Semaphore } from "effect"

/** Work in one lane runs one after the other, in all lanes together at most `permits` at once; `null` is no lane. */
export const makeLanes = (permits: number) => {
  const slots = Semaphore.makeUnsafe(permits)
  const lanes = new Map<string, { readonly turn: Semaphore.Semaphore; waiting: number }>()
  return <A, E>(lane: string | null, work: Effect.Effect<A, E>): Effect.Effect<A, E> => {
    if (lane === null) return work
    return Effect.suspend(() => {
      const queue = lanes.get(lane) ?? { turn: Semaphore.makeUnsafe(1), waiting: 0 }
      lanes.set(lane, queue)
      queue.waiting += 1
      const left = Effect.sync(() => {
        queue.waiting -= 1
        if (queue.waiting === 0) lanes.delete(lane)
      })
      return queue.turn.withPermit(slots.withPermit(work)).pipe(Effect.ensuring(left))
    })
  }
}
