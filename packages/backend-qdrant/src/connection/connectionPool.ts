import { Agent, type Dispatcher } from "undici"

type Note = (retryAfter: string) => void

/** Raw headers as older handlers get them: name, value, name, value. */
const rawRetryAfter = (raw: unknown): unknown => {
  if (!Array.isArray(raw)) return undefined
  const at = raw.findIndex((part, i) => i % 2 === 0 && String(part).toLowerCase() === "retry-after")
  return at < 0 ? undefined : String(raw[at + 1])
}

/** The header in what a handler is told: `onResponseStart` since undici 7, `onHeaders` before (Node 22's `fetch`). */
const retryAfterIn = (method: PropertyKey, told: ReadonlyArray<unknown>): unknown => {
  if (method === "onHeaders") return rawRetryAfter(told[1])
  const headers = method === "onResponseStart" ? told[2] : undefined
  return typeof headers === "object" && headers !== null ? Reflect.get(headers, "retry-after") : undefined
}

/** The same handler, with an ear at its answer's headers. */
const overheard = (handler: Dispatcher.DispatchHandler, note: Note): Dispatcher.DispatchHandler =>
  new Proxy(handler, {
    get: (target, method): unknown => {
      const own: unknown = Reflect.get(target, method)
      if (typeof own !== "function") return own
      return (...told: ReadonlyArray<unknown>): unknown => {
        const after = retryAfterIn(method, told)
        if (typeof after === "string") note(after)
        return Reflect.apply(own, target, told)
      }
    }
  })

/**
 * Connections of a client we made.
 *
 * They are ours and not the client's for one reason: version 1.19.0 of it passes on the first character of
 * a `Retry-After` and drops the rest ("30" becomes 3), so the header is read here.
 */
export interface ConnectionPool {
  /** What a request's `init` carries: the pool, and the ear for its answer. */
  readonly listening: (note: Note) => Pick<RequestInit, "dispatcher">
  readonly close: () => Promise<void>
}

export const makePool = (connections: number): ConnectionPool => {
  const agent = new Agent({
    connections,
    // Our own timeouts abort the request: two more clocks would only disagree with them.
    headersTimeout: 0,
    bodyTimeout: 0,
    // The server closes a connection that is idle for 5 s: one that is nearly that old is not trusted.
    keepAliveTimeout: 4_000
  })
  return {
    listening: (note) => {
      // `fetch` asks of a dispatcher nothing but this method; the types it wants are of another undici.
      const dispatcher: unknown = {
        dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) =>
          agent.dispatch(options, overheard(handler, note))
      }
      return { dispatcher: dispatcher as NonNullable<RequestInit["dispatcher"]> }
    },
    close: () => agent.close()
  }
}
