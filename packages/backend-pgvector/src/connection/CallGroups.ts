import type { MemoryError } from "@keepsake/core/driver"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/** What a call is that stands for several, and when it may. */
export interface GroupRules<Request, A> {
  /** Whether it takes turns with the others of its key; else it is made at once. */
  readonly takesTurns: (request: Request) => boolean
  /** The first of the requests that wait, and those that go well with it: at least one. */
  readonly choose: (waiting: ReadonlyArray<Request>) => ReadonlyArray<Request>
  /** The answers in the order of the requests. */
  readonly callTogether: (requests: ReadonlyArray<Request>) => Effect.Effect<ReadonlyArray<A>, MemoryError>
  /** Whether a call that failed has left nothing behind, and another may succeed. */
  readonly mayDivide: (error: MemoryError) => boolean
}

/** What a call that waited has to do: make itself, or return the answer. */
type Turn<A> = { readonly alone: true } | { readonly alone: false; readonly value: A }

const ALONE = { alone: true } as const

interface Waiting<Request, A> {
  readonly request: Request
  readonly turn: Deferred.Deferred<Turn<A>, MemoryError>
}

/** The calls of a key. */
interface Lane<Request, A> {
  readonly key: string
  /** Calls under way. */
  running: number
  waiting: ReadonlyArray<Waiting<Request, A>>
}

/**
 * Calls that would wait for each other at the server take turns here: one of a key is under way, and those that wait
 * meanwhile are made together as one. A group that fails is divided, so that each caller has its own error.
 */
export class CallGroups<Request, A> {
  readonly #rules: GroupRules<Request, A>
  readonly #lanes = new Map<string, Lane<Request, A>>()

  constructor(rules: GroupRules<Request, A>) {
    this.#rules = rules
  }

  /**
   * Makes `call` when it is the request's turn, or has it made together with others. An interrupted caller leaves
   * those that wait; once its request is under way in a group, it waits for the end, as of a call of its own.
   */
  run(key: string, request: Request, call: Effect.Effect<A, MemoryError>): Effect.Effect<A, MemoryError> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        if (!this.#rules.takesTurns(request)) return restore(call)
        const known = this.#lanes.get(key)
        const lane = known ?? { key, running: 1, waiting: [] }
        const alone = Effect.ensuring(
          restore(call),
          Effect.sync(() => this.#end(lane))
        )
        if (known === undefined) {
          this.#lanes.set(key, lane)
          return alone
        }
        const turn = Deferred.makeUnsafe<Turn<A>, MemoryError>()
        const waiting = { request, turn }
        lane.waiting = [...lane.waiting, waiting]
        return restore(Deferred.await(turn)).pipe(
          Effect.onInterrupt(() => this.#leave(lane, waiting)),
          Effect.flatMap((given) => (given.alone ? alone : Effect.succeed(given.value)))
        )
      })
    )
  }

  #leave(lane: Lane<Request, A>, waiting: Waiting<Request, A>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (lane.waiting.includes(waiting)) {
        lane.waiting = lane.waiting.filter((other) => other !== waiting)
        return Effect.void
      }
      return Effect.map(Effect.exit(Deferred.await(waiting.turn)), (exit) => {
        if (exit._tag === "Success" && exit.value.alone) this.#end(lane)
      })
    })
  }

  /** Ends a call of the lane; after the last of them, the next begins. */
  #end(lane: Lane<Request, A>): void {
    lane.running -= 1
    if (lane.running > 0) return
    if (lane.waiting.length > 0) return this.#begin(lane)
    this.#lanes.delete(lane.key)
  }

  #begin(lane: Lane<Request, A>): void {
    const chosen = new Set(this.#rules.choose(lane.waiting.map(({ request }) => request)))
    const group = lane.waiting.filter(({ request }) => chosen.has(request))
    lane.waiting = lane.waiting.filter(({ request }) => !chosen.has(request))
    if (group.length === 1) this.#divide(lane, group)
    // In a fiber of its own: no caller's interruption or deadline is that of the others.
    else Effect.runFork(this.#callTogether(lane, group))
  }

  /** Lets each of the group make its own call. */
  #divide(lane: Lane<Request, A>, group: ReadonlyArray<Waiting<Request, A>>): void {
    lane.running = group.length
    for (const { turn } of group) Deferred.doneUnsafe(turn, Effect.succeed(ALONE))
  }

  #callTogether(lane: Lane<Request, A>, group: ReadonlyArray<Waiting<Request, A>>): Effect.Effect<void> {
    lane.running = 1
    return Effect.matchCause(this.#rules.callTogether(group.map(({ request }) => request)), {
      onSuccess: (values) => {
        for (const [i, { turn }] of group.entries()) {
          Deferred.doneUnsafe(turn, Effect.succeed({ alone: false, value: values[i] as A }))
        }
        this.#end(lane)
      },
      onFailure: (cause) => {
        const error = Cause.findErrorOption(cause)
        if (error._tag === "Some" && this.#rules.mayDivide(error.value)) return this.#divide(lane, group)
        for (const { turn } of group) Deferred.doneUnsafe(turn, Effect.failCause(cause))
        this.#end(lane)
      }
    })
  }
}
