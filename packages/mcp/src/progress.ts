import type { ServerContext } from "@modelcontextprotocol/server"

const INTERVAL_MS = 1_000

/** Tells a client that asked for it, each second, that its call is under way: a client may wait longer then. */
export const withProgress = async <A>(
  { mcpReq }: ServerContext,
  name: string,
  call: () => Promise<A>
): Promise<A> => {
  const progressToken = mcpReq._meta?.progressToken
  if (progressToken === undefined) return call()
  const start = performance.now()
  const tell = (): void => {
    if (mcpReq.signal.aborted) return
    const progress = Math.round((performance.now() - start) / 100) / 10
    mcpReq
      .notify({
        method: "notifications/progress",
        params: { progressToken, progress, message: `${name}: ${Math.round(progress)} s` }
      })
      // The client is gone; the call ends by itself.
      .catch(() => undefined)
  }
  tell()
  const timer = setInterval(tell, INTERVAL_MS)
  try {
    return await call()
  } finally {
    clearInterval(timer)
  }
}
