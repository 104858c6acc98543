import { Effect, type Tracer } from "effect"

/** The value of a search, and the plan that its span names. */
export const runWithPlan = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    let span: Tracer.Span | undefined
    const value = yield* Effect.gen(function* () {
      span = yield* Effect.currentSpan
      return yield* effect
    }).pipe(Effect.withSpan("recall"), Effect.orDie)
    return { value, plan: span?.attributes.get("keepsake.pgvector.plan") }
  })
