import { type Calibration, Embedder, type EmbedderProvider, type MemoryError } from "@keepsake/core"
import * as Effect from "effect/Effect"

/** Sentences on different subjects. */
const UNRELATED = [
  "The ferry to the island leaves at seven in the morning.",
  "My grandmother's goulash needs three hours and a lot of paprika.",
  "The build fails because the linker cannot find libssl.",
  "She has been allergic to penicillin since childhood.",
  "Quarterly revenue fell by four percent in the northern region.",
  "The violin has to be tuned a semitone lower for this piece.",
  "We painted the nursery a pale shade of green.",
  "Mitochondria produce most of a cell's energy.",
  "The goalkeeper saved two penalties in the final.",
  "His passport expires at the end of next month.",
  "The maple in the garden turned red overnight.",
  "Please move the meeting with the auditors to Thursday.",
  "The spacecraft entered orbit around Jupiter in July.",
  "I always take the stairs because lifts make me nervous.",
  "The bakery on the corner closes on Mondays.",
  "Copper prices rose after the strike in Chile.",
  "The cat sleeps on top of the refrigerator.",
  "He is learning Portuguese with an app.",
  "The bridge was closed to lorries after the inspection.",
  "Her thesis is about medieval trade in the Baltic."
]

const round = (value: number): number => Math.round(value * 1_000) / 1_000

/**
 * Mean and spread of the cosines of unrelated texts, over a fixed list of English sentences. Write the result
 * into the config as `calibration`: it is part of the store's fingerprint.
 */
export const measureCalibrationEffect = (
  embedder: Embedder["Service"]
): Effect.Effect<Calibration, MemoryError> =>
  Effect.map(embedder.embed(UNRELATED, "document"), (vectors) => {
    const known = vectors.filter((vector) => vector !== null)
    const cosines = known.flatMap((a, i) =>
      known.slice(i + 1).map((b) => a.reduce((sum, x, k) => sum + x * (b[k] ?? 0), 0))
    )
    const mean = cosines.reduce((sum, x) => sum + x, 0) / cosines.length
    const variance = cosines.reduce((sum, x) => sum + (x - mean) ** 2, 0) / cosines.length
    return { mean: round(mean), spread: round(Math.sqrt(variance)) }
  })

/** The same for a provider: `embedder: { …, calibration: await measureCalibration(provider) }`. */
export const measureCalibration = async (provider: EmbedderProvider): Promise<Calibration> =>
  Effect.runPromise(
    Effect.provide(Effect.flatMap(Embedder, measureCalibrationEffect), Embedder.layer(provider, { cache: 0 }))
  )
