import { Agent, type Dispatcher } from "undici"

type OnRetryAfter = (header: string) => void

/** Older handlers get raw headers: name, value, name, value. */
const findRawRetryAfter = (raw: unknown): unknown => {
  if (!Array.isArray(raw)) return undefined
  const index = raw.findIndex((part, i) => i % 2 === 0 && String(part).toLowerCase() === "retry-after")
  return index < 0 ? undefined : String(raw[index + 1])
}

/** Headers come with `onResponseStart` since undici 7, with `onHeaders` before (the `fetch` of Node 22). */
const findRetryAfter = (method: PropertyKey, args: ReadonlyArray<unknown>): unknown => {
  if (method === "onHeaders") return findRawRetryAfter(args[1])
  const headers = method === "onResponseStart" ? args[2] : undefined
  return typeof headers === "object" && headers !== null ? Reflect.get(headers, "retry-after") : undefined
}

/** Wraps a handler to read `Retry-After`. */
const watchHeaders = (
  handler: Dispatcher.DispatchHandler,
  onRetryAfter: OnRetryAfter
): Dispatcher.DispatchHandler =>
  new Proxy(handler, {
    get: (target, method): unknown => {
      const property: unknown = Reflect.get(target, method)
      if (typeof property !== "function") return property
      return (...args: ReadonlyArray<unknown>): unknown => {
        const header = findRetryAfter(method, args)
        if (typeof header === "string") onRetryAfter(header)
        return Reflect.apply(property, target, args)
      }
    }
  })

/**
 * Connections of the store's own client.
 *
 * Version 1.19.0 of the client reads only the first character of `Retry-After` ("30" becomes 3), so the pool
 * reads that header.
 */
export interface ConnectionPool {
  /** The part of a request's `init` that selects this pool. */
  readonly init: (onRetryAfter: OnRetryAfter) => Pick<RequestInit, "dispatcher">
  readonly close: () => Promise<void>
}

export const makeConnectionPool = (connections: number): ConnectionPool => {
  const agent = new Agent({
    connections,
    // The store's timeouts abort the request; two more would only interfere.
    headersTimeout: 0,
    bodyTimeout: 0,
    // The server closes a connection after 5 s without requests, so it is not reused shortly before that.
    keepAliveTimeout: 4_000
  })
  return {
    init: (onRetryAfter) => {
      // `fetch` calls this method alone; its types belong to another version of undici.
      const dispatcher: unknown = {
        dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) =>
          agent.dispatch(options, watchHeaders(handler, onRetryAfter))
      }
      return { dispatcher: dispatcher as NonNullable<RequestInit["dispatcher"]> }
    },
    close: () => agent.close()
  }
}
