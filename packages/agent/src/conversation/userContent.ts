import { createHash } from "node:crypto"
import { cleanText } from "../cleanText.ts"
import { cleanBlocks, type ContentBlock } from "./history.ts"

/** A text, or blocks of the Messages API: text, images, documents, results of tools. */
export type UserMessage = string | ReadonlyArray<ContentBlock>

/** A user's message in both its forms. */
export interface UserContent {
  /** For the model. */
  readonly blocks: ReadonlyArray<ContentBlock>
  /** For the memory. */
  readonly text: string
}

type Part = { readonly type: string } & { readonly [field: string]: unknown }

const toPart = (value: unknown): Part | undefined =>
  typeof value === "object" && value !== null && "type" in value ? (value as Part) : undefined

const readString = (value: unknown): string => (typeof value === "string" ? value : "")

const readParts = (content: unknown): ReadonlyArray<Part> => {
  if (typeof content === "string") return [{ type: "text", text: content }]
  return Array.isArray(content) ? content.flatMap((part) => toPart(part) ?? []) : []
}

/** The last part of a URL's path, which names the file. */
const readFileName = (url: string): string => {
  try {
    return decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "") || url
  } catch {
    return url
  }
}

/** The name or text of a file, as far as the block carries it. */
const readSource = (source: Part | undefined): { readonly name: string; readonly text: string } => {
  switch (source?.type) {
    case "text":
      return { name: "", text: readString(source["data"]) }
    case "content":
      return { name: "", text: readParts(source["content"]).map(toRememberedText).join("\n") }
    case "url":
      return { name: readFileName(readString(source["url"])), text: "" }
    case "file":
      return { name: readString(source["file_id"]), text: "" }
    default:
      return { name: "", text: "" }
  }
}

const describeFile = (kind: string, block: Part): string => {
  const { name, text } = readSource(toPart(block["source"]))
  const title = readString(block["title"]) || name
  const heading = title === "" ? `[${kind}]` : `[${kind}: ${title}]`
  return [heading, readString(block["context"]), text].filter((part) => part !== "").join("\n")
}

/** What is remembered of a block: its text, a caption, a file's name. */
const toRememberedText = (block: Part): string => {
  switch (block.type) {
    case "text":
      return readString(block["text"])
    case "image":
      return describeFile("image", block)
    case "document":
      return describeFile("document", block)
    case "search_result":
      return [readString(block["title"]), ...readParts(block["content"]).map(toRememberedText)].join("\n")
    case "tool_result":
      return readParts(block["content"]).map(toRememberedText).join("\n")
    case "container_upload":
      return `[file: ${readString(block["file_id"])}]`
    default:
      return ""
  }
}

/** The API takes a tool's result only after its call, and no call of this history is open: its content goes in. */
const inlineResult = (block: ContentBlock): ReadonlyArray<ContentBlock> => {
  if (block.type !== "tool_result") return [block]
  const { content = [] } = block
  return typeof content === "string"
    ? [{ type: "text", text: content }]
    : (content as ReadonlyArray<ContentBlock>)
}

/** Blocks that only a reply may have. */
const NOT_OF_USERS: ReadonlySet<string> = new Set([
  "thinking",
  "redacted_thinking",
  "tool_use",
  "server_tool_use"
])

/** The problem of a message, or `undefined`. */
export const findMessageProblem = (message: unknown): string | undefined => {
  if (typeof message === "string") {
    return cleanText(message).trim() === "" ? "is empty; there is nothing to answer" : undefined
  }
  if (!Array.isArray(message)) return "is neither a text nor a list of content blocks"
  const parts = (message as ReadonlyArray<unknown>).map(toPart)
  const wrongIndex = parts.findIndex((part) => part === undefined || NOT_OF_USERS.has(part.type))
  if (wrongIndex >= 0) return `has a block (${wrongIndex}) that a user cannot send`
  const blocks = cleanBlocks((message as ReadonlyArray<ContentBlock>).flatMap(inlineResult))
  return blocks.length === 0 ? "is empty; there is nothing to answer" : undefined
}

/** Keeps the breakpoints that the caller set: `cleanBlocks` drops them, for the history. */
const withMarksOf = (blocks: ReadonlyArray<ContentBlock>): ReadonlyArray<ContentBlock> =>
  blocks.flatMap((block) => {
    const [cleaned] = cleanBlocks([block])
    if (cleaned === undefined) return []
    return "cache_control" in block
      ? [{ ...cleaned, cache_control: block.cache_control } as ContentBlock]
      : [cleaned]
  })

/** Identifies a message, should it be sent again. */
export const toMessageKey = (speaker: string | undefined, blocks: ReadonlyArray<ContentBlock>): string =>
  createHash("sha256")
    .update(JSON.stringify([speaker ?? null, blocks]))
    .digest("base64")

/** Reads a message without a problem. `speaker` goes before the text that the model sees. */
export const readUserMessage = (message: UserMessage, speaker: string | undefined): UserContent => {
  const blocks =
    typeof message === "string"
      ? cleanBlocks([{ type: "text", text: message }])
      : withMarksOf(message.flatMap(inlineResult))
  const text = blocks
    .map((block) => cleanText(toRememberedText(block as unknown as Part)))
    .filter((part) => part.trim() !== "")
    .join("\n")
  if (speaker === undefined) return { blocks, text }
  const firstText = blocks.findIndex(({ type }) => type === "text")
  const named = blocks.map((block, i) =>
    i === firstText && block.type === "text" ? { ...block, text: `${speaker}: ${block.text}` } : block
  )
  return { blocks: firstText < 0 ? [{ type: "text", text: `${speaker}:` }, ...blocks] : named, text }
}
