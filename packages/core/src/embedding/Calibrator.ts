/** Measures an embedder that comes without a calibration, once, and has its store record what it measured. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import {
  type Calibration,
  type Fingerprint,
  lacksCalibration,
  sameCalibration,
  withCalibration
} from "../memory/Fingerprint.ts"
import type { MemoryError } from "../memory/MemoryError.ts"
import { sleepInBackground } from "../runtime/background.ts"
import { readTimeLeft, withinDeadline } from "../runtime/deadline.ts"
import { spanned } from "../runtime/spans.ts"
import type { StoreAdmin } from "../store/StoreAdmin.ts"
import { EMBEDDER_SHARE, tooSlow } from "./askEmbedder.ts"
import { Breaker } from "./Breaker.ts"
import type { Embedder } from "./Embedder.ts"
import { measureEmbedder } from "./measureEmbedder.ts"

/** Longest that a write waits for it, within the embedder's share of its deadline. */
const MEASURE_MS = 10_000

/** A service that fails at these texts, and at no others, is not sent them with every write. */
const REST_MS = 600_000

/** A program that asks once and ends is spared a request whose answer it would not see. */
const AFTER_RECALL = Duration.seconds(1)

const calibrators = new WeakMap<object, Calibrator>()

/** What this process has measured of an embedder. */
export class Calibrator {
  readonly #embedder: Embedder["Service"]
  readonly #lock = Semaphore.makeUnsafe(1)
  #measured: Calibration | null = null
  #restsUntil = 0

  private constructor(embedder: Embedder["Service"]) {
    this.#embedder = embedder
  }

  /** The one of an embedder, which may serve several stores. */
  static of(embedder: Embedder["Service"]): Calibrator {
    const known = calibrators.get(embedder)
    if (known !== undefined) return known
    const calibrator = new Calibrator(embedder)
    calibrators.set(embedder, calibrator)
    return calibrator
  }

  /** A store's fingerprint with the calibration that the provider gives, else that it has recorded, else that was measured here. */
  calibrated(stored: Fingerprint): Fingerprint {
    const { embedding } = stored
    const { calibration: given } = this.#embedder.space
    if (embedding === null) return stored
    if (given.source === undefined) {
      return sameCalibration(embedding.calibration, given)
        ? stored
        : { ...stored, embedding: { ...embedding, calibration: given } }
    }
    return this.#measured === null ? stored : withCalibration(stored, this.#measured)
  }

  /** Measures unless it has; `null` where the embedder fails, which a later call finds out again. */
  readonly measure: Effect.Effect<Calibration | null> = Effect.suspend(() => {
    const measured = this.#measured
    return measured === null ? this.#ask : Effect.succeed(measured)
  }).pipe((effect) => this.#lock.withPermits(1)(effect))

  readonly #ask: Effect.Effect<Calibration | null> = Effect.withFiber((fiber) =>
    Effect.gen({ self: this }, function* () {
      const embedder = this.#embedder
      const now = yield* Clock.currentTimeMillis
      if (now < this.#restsUntil || Breaker.of(embedder).failureAt(now) !== null) return null
      const leftMs = readTimeLeft(fiber) ?? Number.POSITIVE_INFINITY
      const limitMs = Math.min(MEASURE_MS, Math.max(0, leftMs) * EMBEDDER_SHARE)
      const result = yield* Effect.result(
        withinDeadline(measureEmbedder(embedder), limitMs, () => tooSlow(embedder.space.model, limitMs))
      )
      if (Result.isSuccess(result)) return (this.#measured = result.success)
      this.#restsUntil = now + REST_MS
      return null
    })
  )
}

/** What the verbs of a memory do for a calibration that its store lacks. */
export interface Calibrating {
  /** For a write that has its vectors, which waits for it; never fails. `null` where nothing is to be done. */
  withWrite(): Effect.Effect<void> | null
  /** After a recall, in the background. */
  noteRecall(): void
}

/** Of a store whose calibration is known, or that has no embedder. */
export const NOTHING_TO_DO: Calibrating = { withWrite: () => null, noteRecall: () => {} }

/** Has the calibration of an embedder measured with the first write, or in the background after a first recall. */
export const calibrateStore = Effect.fnUntraced(function* (
  admin: StoreAdmin["Service"],
  embedder: Embedder["Service"]
): Effect.fn.Return<Calibrating, MemoryError, Scope.Scope> {
  if (embedder.space.calibration.source !== "assumed") return NOTHING_TO_DO
  if (!lacksCalibration(yield* admin.fingerprint)) return NOTHING_TO_DO
  const { calibrate, mode } = admin
  const calibrator = Calibrator.of(embedder)
  const asked = Latch.makeUnsafe(false)
  let isDone = false
  const run = Effect.gen(function* () {
    const measured = yield* calibrator.measure
    if (measured === null || isDone) return
    isDone = true
    if (calibrate !== undefined && !mode.readOnly) yield* calibrate(measured)
  }).pipe(
    // What cannot be recorded serves this process, and the next measures again.
    Effect.ignore,
    (effect) => spanned(effect, "keepsake.calibrate", { "gen_ai.request.model": embedder.space.model })
  )
  yield* asked.await.pipe(
    Effect.andThen(sleepInBackground(AFTER_RECALL)),
    Effect.andThen(Effect.suspend(() => (isDone ? Effect.void : run))),
    Effect.forkScoped
  )
  return {
    withWrite: () => (isDone ? null : run),
    noteRecall: () => {
      if (!isDone) asked.openUnsafe()
    }
  }
})
