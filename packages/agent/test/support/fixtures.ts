import {
  AgentMemory,
  type InMemoryData,
  inMemoryData,
  InMemoryStore,
  type Memory,
  type MemoryClient,
  MemoryStore,
  promiseClient,
  type PromiseMemory,
  StoreFingerprint
} from "@keepsake/core"
import { Effect, Layer } from "effect"
import {
  type MessagesServer,
  messagesServer,
  type RecordedRequest,
  type Reply,
  type Respond
} from "../../src/testing/index.ts"
import { onTestFinished } from "vitest"
import { type AgentOptions, type ChatAgent, createAgent as createRealAgent } from "../../src/index.ts"

/** A method of the store, by name. */
export type Method = keyof MemoryStore["Service"]
export const METHODS: ReadonlyArray<Method> = [
  "put",
  "get",
  "search",
  "around",
  "speakers",
  "lastTurn",
  "list",
  "listRows",
  "latest",
  "patch",
  "supersede",
  "remove",
  "touch",
  "count"
]

/** Replaces a call of the method; `undefined` lets the call through. */
export type Fault = (method: Method) => Effect.Effect<never, unknown> | undefined

const withFault = (fault: Fault) =>
  Layer.effect(
    MemoryStore,
    Effect.map(MemoryStore, (store) =>
      MemoryStore.of(
        Object.fromEntries(
          Object.entries(store).map(([name, method]) => [
            name,
            (...args: ReadonlyArray<never>) =>
              Effect.suspend(
                () =>
                  fault(name as Method) ??
                  (method as (...args: ReadonlyArray<never>) => Effect.Effect<unknown>)(...args)
              )
          ])
        ) as unknown as MemoryStore["Service"]
      )
    )
  )

/** Core's in-memory store. `data` may outlive the handle; `fault` breaks methods. */
export const openMemory = async (
  options: { readonly data?: InMemoryData; readonly fault?: Fault } = {}
): Promise<MemoryClient> => {
  const { data = inMemoryData(), fault = () => undefined } = options
  const store = InMemoryStore.layerOf(data)
  const client = await promiseClient(
    AgentMemory.layer({ purgeEvery: false }).pipe(
      Layer.provide(withFault(fault)),
      Layer.provideMerge(store),
      Layer.provideMerge(StoreFingerprint.wordsOnly)
    )
  )
  onTestFinished(() => client.close())
  return client
}

/** Waits for memory beyond any test: on a busy machine, the usual limit leaves memories out. */
export const createAgent = (options: AgentOptions): ChatAgent =>
  createRealAgent({ memoryTimeoutMs: 600_000, ...options })

export const serve = async (script: Respond | ReadonlyArray<Reply>): Promise<MessagesServer> => {
  const server = await messagesServer(script)
  onTestFinished(() => server.close())
  return server
}

export const listAll = async (memory: PromiseMemory): Promise<ReadonlyArray<Memory>> =>
  (await memory.list({ includeSuperseded: true, limit: 1_000 })).rows

export const collect = async <A>(items: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const collected: Array<A> = []
  for await (const item of items) collected.push(item)
  return collected
}

const readLastMessage = ({ body }: RecordedRequest) => {
  const message = body.messages.at(-1)
  if (message === undefined || !Array.isArray(message.content))
    throw new Error("the request has no message of blocks")
  return { role: message.role, blocks: message.content }
}

export const readLastTexts = (request: RecordedRequest): ReadonlyArray<string> =>
  readLastMessage(request).blocks.flatMap((block) => (block.type === "text" ? [block.text] : []))

/** The user's text in a request, without the memory block. */
export const readUserText = (request: RecordedRequest): string => readLastTexts(request)[0] ?? ""

/** JSON without the breakpoints, which are not part of what is cached. */
export const withoutBreakpoints = (value: unknown): string =>
  JSON.stringify(value, (key, part: unknown) => (key === "cache_control" ? undefined : part))
