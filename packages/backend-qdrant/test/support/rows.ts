import { documentTerms, type Memory, memoryIdOfText, type Scope, type StoreRow } from "@keepsake/core/driver"

export const DIMENSIONS = 4
export const NOW = 1_750_000_000_000
export const SCOPE: Scope = { agentId: "agent", userId: "user" }

/** The unit vector along an axis. */
export const axis = (index: number): Float32Array =>
  Float32Array.from({ length: DIMENSIONS }, (_, i) => (i === index % DIMENSIONS ? 1 : 0))

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
    vector,
    terms: documentTerms(content)
  }
}
