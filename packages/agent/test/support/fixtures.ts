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

/** Every method of the store, as something that can be broken. */
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

/** What a call of a method does instead; `undefined` leaves it as it is. */
export type Fault = (method: Method) => Effect.Effect<never, unknown> | undefined

const faulty = (fault: Fault) =>
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

/** Core's own store, over data that outlives the handle. */
export const openMemory = async (
  options: { readonly data?: InMemoryData; readonly fault?: Fault } = {}
): Promise<MemoryClient> => {
  const { data = inMemoryData(), fault = () => undefined } = options
  const store = InMemoryStore.layerOf(data)
  const client = await promiseClient(
    AgentMemory.layer({ purgeEvery: false }).pipe(
      Layer.provide(faulty(fault)),
      Layer.provideMerge(store),
      Layer.provideMerge(StoreFingerprint.wordsOnly)
    )
  )
  onTestFinished(() => client.close())
  return client
}

export const serve = async (script: Respond | ReadonlyArray<Reply>): Promise<MessagesServer> => {
  const server = await messagesServer(script)
  onTestFinished(() => server.close())
  return server
}

export const listAll = async (memory: PromiseMemory): Promise<ReadonlyArray<Memory>> =>
  (await memory.list({ includeSuperseded: true, limit: 1_000 })).rows

export const collect = async <A>(items: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const all: Array<A> = []
  for await (const item of items) all.push(item)
  return all
}

const lastMessage = ({ body }: RecordedRequest) => {
  const message = body.messages.at(-1)
  if (message === undefined || !Array.isArray(message.content))
    throw new Error("the request has no message of blocks")
  return { role: message.role, blocks: message.content }
}

export const lastTexts = (request: RecordedRequest): ReadonlyArray<string> =>
  lastMessage(request).blocks.flatMap((block) => (block.type === "text" ? [block.text] : []))

/** What the user said, as the server sees it: the text before the memory block. */
export const saidIn = (request: RecordedRequest): string => lastTexts(request)[0] ?? ""

/** Without the breakpoints: they say what to cache and are not part of it. */
export const withoutBreakpoints = (value: unknown): string =>
  JSON.stringify(value, (key, part: unknown) => (key === "cache_control" ? undefined : part))
