import { createHash } from "node:crypto"
import { countTokens } from "./countTokens.ts"
import type { RequestBody } from "./RequestBody.ts"

/** Blocks before a breakpoint in which the API looks for an earlier entry. */
const LOOKBACK_BLOCKS = 20

export interface PromptUsage {
  readonly input_tokens: number
  readonly cache_creation_input_tokens: number
  readonly cache_read_input_tokens: number
}

interface Marked {
  readonly cache_control?: unknown
}

const withoutMark = (block: object): string =>
  JSON.stringify(block, (key, part: unknown) => (key === "cache_control" ? undefined : part))

const toBlocks = (content: unknown): ReadonlyArray<object> => {
  if (content === undefined || content === null) return []
  return typeof content === "string" ? [{ type: "text", text: content }] : (content as ReadonlyArray<object>)
}

/** Every block of a request in the order in which a prefix is cached: tools, system, messages. */
export const listBlocks = ({ messages, system, tools }: RequestBody): ReadonlyArray<object> => [
  ...(tools ?? []),
  ...toBlocks(system),
  ...messages.flatMap(({ content }) => toBlocks(content))
]

/** Counts which tokens of a request a prompt cache holds. Entries do not expire. */
export class PromptCache {
  readonly #prefixes = new Set<string>()

  /** Reads the longest cached prefix, and caches the prefixes that the request marks. */
  use(body: RequestBody): PromptUsage {
    const blocks = listBlocks(body)
    const sizes: Array<number> = []
    const prefixes: Array<string> = []
    const hash = createHash("sha256").update(body.model)
    let total = 0
    for (const block of blocks) {
      const text = withoutMark(block)
      total += countTokens(text)
      sizes.push(total)
      prefixes.push(hash.update(text).copy().digest("hex"))
    }
    const marked = blocks.flatMap((block, i) => ((block as Marked).cache_control ? [i] : []))
    if (body.cache_control && !marked.includes(blocks.length - 1)) marked.push(blocks.length - 1)
    const readTokens = Math.max(0, ...marked.map((end) => this.#findPrefix(prefixes, sizes, end)))
    const lastMark = marked.at(-1)
    const markedTokens = lastMark === undefined ? 0 : (sizes[lastMark] ?? 0)
    for (const end of marked) this.#prefixes.add(prefixes[end] ?? "")
    return {
      input_tokens: total - Math.max(readTokens, markedTokens),
      cache_creation_input_tokens: Math.max(0, markedTokens - readTokens),
      cache_read_input_tokens: readTokens
    }
  }

  #findPrefix(prefixes: ReadonlyArray<string>, sizes: ReadonlyArray<number>, end: number): number {
    for (let i = end; i >= 0 && i > end - LOOKBACK_BLOCKS; i--)
      if (this.#prefixes.has(prefixes[i] ?? "")) return sizes[i] ?? 0
    return 0
  }
}
