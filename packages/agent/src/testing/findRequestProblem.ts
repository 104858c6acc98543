import { listBlocks } from "./PromptCache.ts"
import type { RequestBody } from "./RequestBody.ts"

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
  readonly cache_control?: { readonly type?: string; readonly ttl?: string } | null
  readonly defer_loading?: boolean
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

const findContentProblem = (messages: RequestBody["messages"]): string | undefined => {
  for (const [i, { content, role }] of messages.entries()) {
    const blocks = toBlocks(content)
    if (blocks.length === 0) return `messages.${i}: all messages must have non-empty content`
    const isBlank = (block: Block) => block.type === "text" && (block.text ?? "").trim() === ""
    if (blocks.some(isBlank)) return `messages.${i}: text content blocks must contain non-whitespace text`
    const last = blocks.at(-1)?.type
    if (role === "assistant" && (last === "thinking" || last === "redacted_thinking"))
      return `messages.${i}: the final block in an assistant message cannot be \`${last}\``
    const firstOther = blocks.findIndex(({ type }) => type !== "tool_result")
    if (role === "user" && firstOther >= 0 && blocks.slice(firstOther).some(isResult))
      return `messages.${i}: \`tool_result\` blocks must come before other content`
  }
  return undefined
}

const isResult = ({ type }: Block): boolean => type === "tool_result"

/** Up to four breakpoints, on blocks that can be cached, the longer-lived before the shorter. */
const findCacheProblem = (body: RequestBody): string | undefined => {
  const blocks = listBlocks(body) as ReadonlyArray<Block>
  const marked = blocks.filter(({ cache_control: mark }) => mark !== undefined && mark !== null)
  const automatic = body.cache_control ?? undefined
  const isLastMarked = marked.length > 0 && marked.at(-1) === blocks.at(-1)
  const count = marked.length + (automatic === undefined || isLastMarked ? 0 : 1)
  if (count > CACHE_BREAKPOINTS_MAX)
    return `A maximum of ${CACHE_BREAKPOINTS_MAX} blocks with cache_control may be provided. Found ${count}.`
  if (marked.some(({ defer_loading: isDeferred }) => isDeferred === true))
    return "tools: cache_control cannot be set on a tool with defer_loading"
  if (marked.some(({ type }) => type === "thinking" || type === "redacted_thinking"))
    return "cache_control cannot be set on thinking blocks"
  const marks = [...marked.map(({ cache_control: mark }) => mark), ...(automatic ? [automatic] : [])]
  const lifetimes = marks.map((mark) => mark?.ttl ?? "5m")
  if (automatic !== undefined && isLastMarked && lifetimes.at(-1) !== lifetimes.at(-2))
    return "cache_control: the last block has a breakpoint with another ttl"
  const firstShort = lifetimes.indexOf("5m")
  if (firstShort >= 0 && lifetimes.slice(firstShort).includes("1h"))
    return "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block"
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
  if (toBlocks(body.system).some(({ text = "" }) => body.system !== undefined && text.trim() === ""))
    return invalid("system: text content blocks must be non-empty")
  const names = (body.tools ?? []).flatMap((tool) => ("name" in tool ? [tool.name] : []))
  if (new Set(names).size < names.length) return invalid("tools: Tool names must be unique.")
  const problem =
    findContentProblem(body.messages) ?? findCacheProblem(body) ?? findPairingProblem(body.messages)
  return problem === undefined ? undefined : invalid(problem)
}
