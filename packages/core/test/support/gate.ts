/** What tests of the hook `beforeWrite` share. */
import {
  type BeforeWrite,
  InMemoryStore,
  type Memory,
  MemoryError,
  MemoryStore,
  redactSecrets,
  redactSecretsIn
} from "@keepsake/core"
import { Effect, Layer } from "effect"
import { assert } from "vitest"

export const SECRET = `ghp_${"Ab1".repeat(12)}`
export const MARK = "[redacted: token]"
const OLD = { agentId: "tutor", userId: "bo" }
export const redact: BeforeWrite = (candidate) => ({
  ...candidate,
  content: redactSecrets(candidate.content),
  metadata: redactSecretsIn(candidate.metadata)
})

/** A store that notes its writes. */
export const countedStore = (writes: Array<string>) =>
  Layer.provideMerge(
    Layer.effect(
      MemoryStore,
      Effect.map(MemoryStore, (store) => {
        const counted =
          <Request, A, E>(name: string, write: (request: Request) => Effect.Effect<A, E>) =>
          (request: Request) =>
            Effect.suspend(() => {
              writes.push(name)
              return write(request)
            })
        return {
          ...store,
          put: counted("put", (request: Parameters<typeof store.put>[0]) => store.put(request)),
          supersede: counted("supersede", (request: Parameters<typeof store.supersede>[0]) =>
            store.supersede(request)
          ),
          patch: counted("patch", (request: Parameters<typeof store.patch>[0]) => store.patch(request)),
          append: counted("append", (request: Parameters<typeof store.append>[0]) => store.append(request))
        }
      })
    ),
    InMemoryStore.layer
  )

export const readReason = async (call: Promise<unknown>) => {
  try {
    await call
  } catch (error) {
    assert.instanceOf(error, MemoryError)
    return error.reason
  }
  return assert.fail("was not refused")
}

/** How `problem` of `WriteRefused` came about, and that no text is in the message. */
export const readProblem = async (call: Promise<unknown>): Promise<string> => {
  const reason = await readReason(call)
  assert.strictEqual(reason._tag, "WriteRefused", reason.message)
  assert.notInclude(reason.message, SECRET)
  assert.match(reason.message, /Nothing was stored\.$/u)
  return reason._tag === "WriteRefused" ? reason.problem : ""
}

export const exported = (content: string, over: Partial<Memory> = {}): Memory => ({
  id: "11111111-1111-5111-8111-111111111111",
  scope: OLD,
  key: null,
  content,
  type: "semantic",
  metadata: {},
  source: "user",
  speaker: null,
  sessionId: null,
  turn: null,
  saidAt: 1,
  importance: 0.5,
  pinned: false,
  createdAt: 1,
  updatedAt: 1,
  expiresAt: null,
  validity: [{ from: 1, to: null }],
  supersededBy: null,
  accessCount: 0,
  lastAccessedAt: null,
  ...over
})
