import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"

/**
 * Adds a span only if a tracer is installed or a span is open: Effect's default tracer records spans that
 * no one exports, which took a sixth of core's time in a `remember`.
 */
export const spanned = <A, E>(
  effect: Effect.Effect<A, E>,
  name: string,
  attributes: { readonly [name: string]: unknown } = {}
): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) =>
    fiber.getRef(Tracer.Tracer) === Tracer.nativeTracer && fiber.cache.span === undefined
      ? effect
      : // Capturing a stack costs more than the rest of a span.
        effect.pipe(Effect.withSpan(name, { attributes }, { captureStackTrace: false }))
  )

/** Adds attributes to the open span, and an event of that name; nothing without a span. */
export const markSpan = (
  name: string,
  attributes: { readonly [name: string]: unknown }
): Effect.Effect<void> =>
  Effect.clockWith((clock) =>
    Effect.currentSpan.pipe(
      Effect.map((span) => {
        for (const [key, value] of Object.entries(attributes)) span.attribute(key, value)
        span.event(name, clock.currentTimeNanosUnsafe(), { ...attributes })
      }),
      Effect.ignore
    )
  )
