import { fitMemories, type MemoryLine } from "@keepsake/agent"
import type { PromiseMemory } from "@keepsake/core"
import { type McpServer, type ReadResourceResult, ResourceNotFoundError } from "@modelcontextprotocol/server"

const MEMORIES_URI = "keepsake://memories"

/** Most memories of the resource, the newest; `list` reads on. */
const ROWS_MAX = 500
/** Most tokens of a resource. */
const TOKENS_MAX = 10_000

const toText = (lines: ReadonlyArray<MemoryLine | object>): string =>
  lines.map((line) => JSON.stringify(line)).join("\n")

const readAll = async (memory: PromiseMemory, signal: AbortSignal): Promise<string> => {
  const { next, rows } = await memory.list({ by: "saidAt", newestFirst: true, limit: ROWS_MAX }, { signal })
  const lines = fitMemories(rows, memory, TOKENS_MAX)
  const isWhole = next === null && lines.length === rows.length
  return toText([
    ...lines,
    ...(isWhole ? [] : [{ more: "older memories; the tool list pages through them" }])
  ])
}

const readOne = async (
  memory: PromiseMemory,
  id: string,
  signal: AbortSignal
): Promise<string | undefined> => {
  const found = await memory.get(id, { signal })
  return found === null ? undefined : toText(fitMemories([found], memory, TOKENS_MAX))
}

export const addResources = ({ server }: McpServer, memory: PromiseMemory): void => {
  server.setRequestHandler("resources/list", () => ({
    resources: [
      {
        uri: MEMORIES_URI,
        name: "memories",
        title: "Memories",
        description: `The user's memories, one JSON object a line, the newest first: at most ${ROWS_MAX}, and about ${TOKENS_MAX} tokens.`,
        mimeType: "application/jsonl"
      }
    ]
  }))
  server.setRequestHandler("resources/templates/list", () => ({
    resourceTemplates: [
      {
        uriTemplate: `${MEMORIES_URI}/{id}`,
        name: "memory",
        title: "One memory",
        mimeType: "application/json"
      }
    ]
  }))
  server.setRequestHandler(
    "resources/read",
    async ({ params: { uri } }, { mcpReq: { signal } }): Promise<ReadResourceResult> => {
      if (uri === MEMORIES_URI)
        return { contents: [{ uri, mimeType: "application/jsonl", text: await readAll(memory, signal) }] }
      const id = uri.startsWith(`${MEMORIES_URI}/`) ? uri.slice(MEMORIES_URI.length + 1) : undefined
      const text = id === undefined ? undefined : await readOne(memory, id, signal)
      if (text === undefined)
        throw new ResourceNotFoundError(uri, `There is no ${uri}; ${MEMORIES_URI} lists the memories`)
      return { contents: [{ uri, mimeType: "application/json", text }] }
    }
  )
}
