/** The embedder of the fixtures and of the tests that open them. The fixtures depend on its exact vectors. */

export const FIXTURE_DIMENSIONS = 16

/** FNV-1a, 32 bits. */
const hash = (text: string): number => {
  let state = 0x811c9dc5
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  return state >>> 0
}

/** Adds each word to three dimensions. The components are small whole numbers, which compress well. */
const embed = (text: string): Array<number> => {
  const vector = new Array<number>(FIXTURE_DIMENSIONS).fill(0)
  for (const word of text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []) {
    const bits = hash(word)
    for (let i = 0; i < 3; i++) {
      const dimension = (bits >>> (i * 5)) % FIXTURE_DIMENSIONS
      vector[dimension] = (vector[dimension] ?? 0) + ((bits >>> (16 + i)) % 2 === 0 ? 1 : -1)
    }
  }
  if (!vector.some((component) => component !== 0)) vector[0] = 1
  return vector
}

export const fixtureEmbedder = {
  model: "first-version-fixture",
  dimensions: FIXTURE_DIMENSIONS,
  calibration: { mean: 0, spread: 0.25 },
  embed: (texts: ReadonlyArray<string>) => texts.map(embed)
}
