import type { RequestBody } from "./scriptedMessage.ts"

/** The API's refusal of a request. */
export interface RequestProblem {
  readonly status: number
  readonly type: string
  readonly message: string
}

interface Block {
  readonly type: string
  readonly text?: string
  readonly id?: string
  readonly tool_use_id?: string
  readonly cache_control?: unknown
}

const invalid = (message: string): RequestProblem => ({ status: 400, type: "invalid_request_error", message })

const toBlocks = (content: unknown): ReadonlyArray<Block> =>
  typeof content === "string" ? [{ type: "text", text: content }] : ((content ?? []) as ReadonlyArray<Block>)

const CACHE_BREAKPOINTS_MAX = 4

/** The API joins consecutive messages of the same role into one turn. */
const joinTurns = (
  messages: RequestBody["messages"]
): ReadonlyArray<{ role: string; blocks: Array<Block> }> => {
  const turns: Array<{ role: string; blocks: Array<Block> }> = []
  for (const { content, role } of messages) {
    const last = turns.at(-1)
    if (last?.role === role) last.blocks.push(...toBlocks(content))
    else turns.push({ role, blocks: [...toBlocks(content)] })
  }
  return turns
}

const findPairingProblem = (messages: RequestBody["messages"]): string | undefined => {
  const turns = joinTurns(messages)
  for (const [i, { blocks, role }] of turns.entries()) {
    const callIds =
      role === "assistant" ? blocks.flatMap((block) => (block.type === "tool_use" ? [block.id] : [])) : []
    const resultIds = new Set(
      turns[i + 1]?.blocks.flatMap((block) => (block.type === "tool_result" ? [block.tool_use_id] : []))
    )
    const unanswered = callIds.filter((id) => !resultIds.has(id))
    if (unanswered.length > 0)
      return `messages.${i}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${unanswered.join(", ")}`
    const previousIds = new Set(
      turns[i - 1]?.blocks.flatMap((block) => (block.type === "tool_use" ? [block.id] : []))
    )
    const stray = blocks.find((block) => block.type === "tool_result" && !previousIds.has(block.tool_use_id))
    if (stray !== undefined)
      return `messages.${i}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray.tool_use_id}`
  }
  return undefined
}

/** Why the API would refuse the request, or `undefined`. Has the checks that callers run into. */
export const findRequestProblem = (body: RequestBody): RequestProblem | undefined => {
  if (typeof body.model !== "string" || !body.model.startsWith("claude-")) {
    return { status: 404, type: "not_found_error", message: `model: ${String(body.model)}` }
  }
  if (body.thread !== undefined) return invalid("thread: this server keeps no threads; set `thread: false`")
  if (!Number.isInteger(body.max_tokens) || body.max_tokens < 1)
    return invalid("max_tokens: must be at least 1")
  if (!Array.isArray(body.messages) || body.messages.length === 0)
    return invalid("messages: at least one message is required")
  if (body.messages[0]?.role !== "user") return invalid('messages: first message must use the "user" role')
  for (const [i, { content }] of body.messages.entries()) {
    const blocks = toBlocks(content)
    if (blocks.length === 0) return invalid(`messages.${i}: all messages must have non-empty content`)
    if (blocks.some((block) => block.type === "text" && (block.text ?? "").trim() === "")) {
      return invalid(`messages.${i}: text content blocks must contain non-whitespace text`)
    }
  }
  const names = (body.tools ?? []).flatMap((tool) => ("name" in tool ? [tool.name] : []))
  if (new Set(names).size < names.length) return invalid("tools: Tool names must be unique.")
  const markable = [
    ...(body.tools ?? []),
    ...toBlocks(body.system),
    ...body.messages.flatMap(({ content }) => toBlocks(content))
  ]
  const breakpoints = markable.filter((block) => "cache_control" in block && block.cache_control).length
  if (breakpoints > CACHE_BREAKPOINTS_MAX) {
    return invalid(
      `A maximum of ${CACHE_BREAKPOINTS_MAX} blocks with cache_control may be provided. Found ${breakpoints}.`
    )
  }
  const problem = findPairingProblem(body.messages)
  return problem === undefined ? undefined : invalid(problem)
}
