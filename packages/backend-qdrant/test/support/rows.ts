import {
  documentTerms,
  type Memory,
  memoryIdOfText,
  type Passage,
  type Scope,
  type StoreRow
} from "@keepsake/core/driver"

export const DIMENSIONS = 4
export const NOW = 1_750_000_000_000
export const SCOPE: Scope = { agentId: "agent", userId: "user" }

/** The unit vector along an axis. */
export const axis = (index: number): Float32Array =>
  Float32Array.from({ length: DIMENSIONS }, (_, i) => (i === index % DIMENSIONS ? 1 : 0))

/** The passage of `row(content)`. */
export const passage = (content: string, vector: Float32Array | null = axis(0)): Passage =>
  row(content, {}, vector).passages[0]

/** A row whose text is these texts, a passage each. */
export const longRow = (
  texts: readonly [string, ...Array<string>],
  fields: Partial<Memory> = {},
  vectors: ReadonlyArray<Float32Array | null> = texts.map((_, i) => axis(i))
): StoreRow => {
  const starts = texts.map((_, i) => texts.slice(0, i).join("\n\n").length + (i === 0 ? 0 : 2))
  const toPassage = (text: string, i: number): Passage => {
    const start = starts[i] ?? 0
    return { ...passage(text, vectors[i] ?? null), start, end: start + text.length }
  }
  const [first, ...more] = texts
  return {
    ...row(texts.join("\n\n"), fields),
    passages: [toPassage(first, 0), ...more.map((text, i) => toPassage(text, i + 1))]
  }
}

/** A row of `SCOPE`, said at `NOW`. */
export const row = (
  content: string,
  fields: Partial<Memory> = {},
  vector: Float32Array | null = axis(0)
): StoreRow => {
  const statement = { source: "user", speaker: null, type: "episodic", content } as const
  return {
    memory: {
      id: memoryIdOfText(SCOPE, statement),
      scope: SCOPE,
      key: null,
      ...statement,
      metadata: {},
      sessionId: null,
      turn: null,
      saidAt: NOW,
      importance: 0.5,
      pinned: false,
      createdAt: NOW,
      updatedAt: NOW,
      expiresAt: null,
      validity: [{ from: NOW, to: null }],
      supersededBy: null,
      accessCount: 0,
      lastAccessedAt: null,
      ...fields
    },
    passages: [{ start: 0, end: content.length, vector, terms: documentTerms(content) }],
    owed: false
  }
}
