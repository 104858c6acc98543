import type { ReceivedRequest } from "./faults.ts"

export interface ServerKeys {
  readonly apiKey?: string
  /** A key for reading only. */
  readonly readOnlyKey?: string
}

/** The status of a request without the right key; `undefined` if it may proceed. */
export const authorise = (
  { apiKey, readOnlyKey }: ServerKeys,
  { headers, method, path }: ReceivedRequest
): 401 | 403 | undefined => {
  // The root needs no key, as on the real server.
  if (apiKey === undefined || path === "/") return undefined
  const key = headers["api-key"]
  if (key === apiKey) return undefined
  if (readOnlyKey === undefined || key !== readOnlyKey) return 401
  const reads = method === "GET" || /\/(scroll|count|batch|facet)$/u.test(path)
  return reads && !path.endsWith("/points/batch") ? undefined : 403
}
