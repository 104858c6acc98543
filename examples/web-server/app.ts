import { type ChatAgent, type ChatSession } from "@keepsake/agent"
import type { MemoryClient } from "@keepsake/keepsake"
import { type Context, Hono } from "hono"
import { streamSSE } from "hono/streaming"

/** Open sessions: the least recently used one is dropped first, and continues from memory if its user returns. */
const SESSIONS_MAX = 1_000

/**
 * Serves many users with one agent. The user comes from the request's token, never from its body: a real
 * application checks its sessions in `findUser`.
 */
export const makeApp = (services: {
  readonly agent: ChatAgent
  readonly memory: MemoryClient
  readonly findUser: (token: string) => string | undefined
}) => {
  const { agent, findUser, memory } = services
  const sessions = new Map<string, ChatSession>()
  const openSession = (userId: string, sessionId: string): ChatSession => {
    const key = JSON.stringify([userId, sessionId])
    const session = sessions.get(key) ?? agent.session({ userId, sessionId })
    sessions.delete(key)
    sessions.set(key, session)
    for (const oldest of sessions.keys()) {
      if (sessions.size <= SESSIONS_MAX) break
      sessions.delete(oldest)
    }
    return session
  }

  const app = new Hono<{ Variables: { userId: string } }>()
  const getUserId = (context: Context<{ Variables: { userId: string } }>): string => context.get("userId")

  app.use(async (context, next) => {
    const userId = findUser(context.req.header("authorization")?.replace(/^Bearer /, "") ?? "")
    if (userId === undefined) return context.json({ error: "sign in first" }, 401)
    context.set("userId", userId)
    return next()
  })

  app.post("/chat/:session", async (context) => {
    const { message } = await context.req.json<{ message?: string }>()
    const session = openSession(getUserId(context), context.req.param("session"))
    return streamSSE(context, async (stream) => {
      const controller = new AbortController()
      stream.onAbort(() => controller.abort())
      try {
        for await (const event of session.stream(message ?? "", { signal: controller.signal })) {
          if (event.type === "text")
            await stream.writeSSE({ event: "text", data: JSON.stringify(event.text) })
          if (event.type === "done")
            await stream.writeSSE({
              event: "done",
              data: JSON.stringify({ degraded: event.result.degraded })
            })
        }
      } catch (error) {
        await stream.writeSSE({
          event: "error",
          data: JSON.stringify(error instanceof Error ? error.message : String(error))
        })
      }
    })
  })

  app.get("/memories", async (context) => {
    return context.json(await memory.for({ userId: getUserId(context) }).list())
  })

  app.delete("/memories", async (context) => {
    const userId = getUserId(context)
    for (const key of sessions.keys()) if ((JSON.parse(key) as [string])[0] === userId) sessions.delete(key)
    return context.json(await memory.for({ userId }).forgetAll())
  })

  return app
}
