/**
 * Synthetic memories: clustered vectors, and words and users by Zipf's law, the same on every machine. A memory's
 * text ends in its number, from which the stub embedder makes its vector, so that embedding takes microseconds on
 * every side.
 */
import type { EmbedderProvider, Scope, Statement } from "@keepsake/core"

/** Part of the names of cached files: a new version fills them again. */
export const DATA_VERSION = 2

export const DIMENSIONS = 384
/** Directions that the vectors cluster around. */
const TOPICS = 512
const TOPICS_OF_A_USER = 8
/** Length of the noise added to a topic of length 1: two memories of a topic have a cosine of about 0.6. */
const SPREAD = 0.8
const WORDS = 8_000
const WORDS_OF_A_TEXT = 12

/** murmur's finaliser: hashes a 32-bit number. */
const mix = (value: number): number => {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Adds near-normal numbers of about `length` in total. */
const addNoise = (vector: Float32Array, seed: number, length: number): void => {
  // The sum of four bytes has a standard deviation of 147.8 around 510.
  const scale = length / (147.8 * Math.sqrt(vector.length))
  let state = mix(seed) || 1
  for (let i = 0; i < vector.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const sum = (state & 255) + ((state >>> 8) & 255) + ((state >>> 16) & 255) + (state >>> 24)
    vector[i] = (vector[i] ?? 0) + (sum - 510) * scale
  }
}

const unit = (vector: Float32Array): Float32Array => {
  let square = 0
  for (const x of vector) square += x * x
  const scale = 1 / Math.sqrt(square)
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] ?? 0) * scale
  return vector
}

const topics = Array.from({ length: TOPICS }, (_, i) => {
  const vector = new Float32Array(DIMENSIONS)
  addNoise(vector, 0x70_0000 + i, 1)
  return unit(vector)
})

/** Identifies a memory: its user and its index among that user's memories. */
export interface Place {
  readonly user: number
  readonly index: number
}

const makeSeed = ({ index, user }: Place): number => mix(user * 0x9e3779b1 + mix(index))

/** A memory's vector: one of its user's topics plus noise. */
export const makeVector = (place: Place): Float32Array => {
  const seed = makeSeed(place)
  const vector = (
    topics[mix(place.user * TOPICS_OF_A_USER + (seed % TOPICS_OF_A_USER)) % TOPICS] ?? new Float32Array()
  ).slice()
  addNoise(vector, seed, SPREAD)
  return unit(vector)
}

/** The word of a frequency rank, in a form that the stemmer does not change. */
const word = (rank: number): string => {
  const consonants = "bdfghjklmnprtvz"
  const vowels = "aou"
  let text = ""
  for (let rest = rank + 1, i = 0; rest > 0 || i < 2; i++) {
    text += (consonants[rest % 15] ?? "b") + (vowels[Math.floor(rest / 15) % 3] ?? "a")
    rest = Math.floor(rest / 45)
  }
  return `${text}k`
}
const vocabulary = Array.from({ length: WORDS }, (_, rank) => word(rank))

/** Twelve words by Zipf's law, then a tag with the memory's user and index. */
export const makeText = (place: Place): string => {
  const words: Array<string> = []
  let state = makeSeed(place)
  for (let i = 0; i < WORDS_OF_A_TEXT; i++) {
    state = mix(state + 0x6d2b79f5)
    words.push(vocabulary[Math.floor(WORDS ** (state / 2 ** 32)) - 1] ?? "")
  }
  return `${words.join(" ")} m${place.user}x${place.index}`
}

const TURNS_OF_A_SESSION = 20

/** The memory as a turn of a session, so that recall reads its neighbours. */
export const makeStatement = (place: Place): Statement => ({
  content: makeText(place),
  sessionId: `session-${Math.floor(place.index / TURNS_OF_A_SESSION)}`,
  turn: place.index % TURNS_OF_A_SESSION
})

/** Queries use indices from here on, which no memory has. */
const QUERIES = 0x4000_0000

/** A query about one of the user's topics. */
export const makeQuery = (user: number, round: number): string => makeText({ user, index: QUERIES + round })
export const queryVector = (user: number, round: number): Float32Array =>
  makeVector({ user, index: QUERIES + round })

const TAG = / m(\d+)x(\d+)$/u

/** Makes a text's vector from its tag, or from its length without one: a peer embeds single words too. */
export const stubVector = (text: string): Float32Array => {
  const [, user = "0", index = text.length] = TAG.exec(text) ?? []
  return makeVector({ user: Number(user), index: Number(index) })
}

/** By text. */
const prepared = new Map<string, Float32Array>()

/** Makes the vectors of these texts now, for a measurement that counts no making of vectors; the last ones are dropped. */
export const prepareVectors = (texts: ReadonlyArray<string>): void => {
  prepared.clear()
  for (const text of texts) prepared.set(text, stubVector(text))
}

export const stubEmbedder: EmbedderProvider = {
  model: "stub-384",
  dimensions: DIMENSIONS,
  batch: 256,
  embed: (texts) => texts.map((text) => prepared.get(text) ?? stubVector(text))
}

export const makeScope = (user: number): Scope => ({ agentId: "bench", userId: `user-${user}` })

/** Distributes `total` memories among users by Zipf's law, at least one each. */
export const zipfSizes = (total: number, users: number): ReadonlyArray<number> => {
  let mass = 0
  for (let rank = 1; rank <= users; rank++) mass += 1 / rank
  const sizes = Array.from({ length: users }, (_, i) =>
    Math.max(1, Math.floor((total - users) / (mass * (i + 1))))
  )
  const distributed = sizes.reduce((a, b) => a + b)
  sizes[0] = (sizes[0] ?? 0) + Math.max(0, total - distributed)
  return sizes
}

/** A reproducible sequence of numbers in [0, 1). */
export const sequence = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    return mix(state) / 2 ** 32
  }
}
