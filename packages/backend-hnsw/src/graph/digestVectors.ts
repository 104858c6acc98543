import { createHash } from "node:crypto"
import type { DatabaseSync } from "node:sqlite"
import { type Pause, readPassages, type ScopePassages, type StoredPassage } from "./readPassages.ts"

/** SHA-256 over the number and the vector of each passage, by ascending number. */
export class VectorDigest {
  readonly #hash = createHash("sha256")

  add({ local, vector }: StoredPassage): void {
    this.#hash.update(Uint32Array.of(local))
    this.#hash.update(vector)
  }

  /** Ends it. */
  toHex(): string {
    return this.#hash.digest("hex")
  }
}

/** The digest of the passages with these numbers; null if the file has not all of them, each with a vector. */
export const digestVectors = async (
  db: DatabaseSync,
  scope: ScopePassages,
  locals: ReadonlyArray<number>,
  pause: Pause
): Promise<string | null> => {
  const missing = new Set(locals)
  const digest = new VectorDigest()
  const through = locals.reduce((greatest, local) => Math.max(greatest, local), -1)
  for (const passages of readPassages(db, scope, through)) {
    for (const passage of passages) {
      if (passage.vector.length > 0 && missing.delete(passage.local)) digest.add(passage)
    }
    await pause()
  }
  return missing.size === 0 ? digest.toHex() : null
}
