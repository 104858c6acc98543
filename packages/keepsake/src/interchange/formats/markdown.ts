/** Markdown and plain text: an item of a list or a paragraph is a memory; a rule of an agent's file is a pinned procedure. */
import { basename } from "node:path"
import type { Statement } from "@keepsake/core"

/** Files whose items tell an agent how to work. */
const RULES = /^(?:claude|claude\.local|agents)\.md$/iu

/** A part of a text, and the line on which it begins. */
export interface TextItem {
  readonly line: number
  readonly statement: Statement
}

interface Block {
  readonly line: number
  readonly lines: Array<string>
  /** Where the item's marker stands; -1 for a paragraph. */
  readonly indent: number
}

/** Comments are for people who edit the file; their lines stay, so that line numbers do. */
const blankComments = (text: string): string => {
  let result = ""
  let from = 0
  for (;;) {
    const start = text.indexOf("<!--", from)
    const end = start < 0 ? -1 : text.indexOf("-->", start)
    if (end < 0) return result + text.slice(from)
    result += text.slice(from, start) + text.slice(start, end).replaceAll(/[^\n]/gu, "")
    from = end + "-->".length
  }
}

const HEADING = /^ {0,3}(#{1,6})\s+(.*)$/u
const ITEM = /^(\s*)(?:[-*+]|\d{1,9}[.)])\s+(\S.*)$/u
const FENCE = /^\s*(```|~~~)/u
const RULE_LINE = /^ {0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/u

const indentOf = (line: string): number => line.length - line.trimStart().length

/** Takes off the settings at the beginning of a file, between two lines of dashes. */
const skipFrontMatter = (lines: ReadonlyArray<string>): number => {
  if (lines[0]?.trimEnd() !== "---") return 0
  const end = lines.findIndex((line, i) => i > 0 && line.trimEnd() === "---")
  return end < 0 ? 0 : end + 1
}

interface Section {
  readonly level: number
  readonly title: string
}

/** Collects the blocks of a text line by line. */
class BlockReader {
  readonly blocks: Array<Block & { readonly section: string }> = []
  #sections: ReadonlyArray<Section> = []
  #block: Block | null = null
  #fence: string | null = null
  #afterBlank = false

  read(line: string, number: number): void {
    const fence = FENCE.exec(line)?.[1]
    if (this.#fence !== null || fence !== undefined) {
      this.#append(line, number)
      this.#fence = this.#fence === null ? (fence ?? null) : fence === this.#fence ? null : this.#fence
      return
    }
    const heading = HEADING.exec(line)
    const item = ITEM.exec(line)
    if (line.trim() === "") this.#afterBlank = true
    else if (heading !== null) this.#enterSection(heading[1]?.length ?? 1, heading[2] ?? "")
    else if (RULE_LINE.test(line)) this.end()
    else if (item !== null) this.#readItem(item[1]?.length ?? 0, item[2] ?? "", line, number)
    else this.#readText(line, number)
    if (line.trim() !== "") this.#afterBlank = false
  }

  /** Ends the block that is being read. */
  end(): void {
    if (this.#block !== null) {
      // The title of the file says nothing about one of its rules.
      const titles = this.#sections.filter(({ level }) => level > 1).map(({ title }) => title)
      this.blocks.push({ ...this.#block, section: titles.join(" / ") })
    }
    this.#block = null
  }

  #enterSection(level: number, title: string): void {
    this.end()
    const text = title.replace(/\s+#+\s*$/u, "").trim()
    this.#sections = [...this.#sections.filter((section) => section.level < level), { level, title: text }]
  }

  #readItem(indent: number, text: string, line: string, number: number): void {
    const block = this.#block
    const isNested = block !== null && block.indent >= 0 && indent > block.indent
    // "Before a commit, run:" belongs to what follows.
    const isIntroduced =
      block !== null && block.indent < 0 && block.lines.at(-1)?.trimEnd().endsWith(":") === true
    if (isNested) block.lines.push(line.slice(Math.min(indent, block.indent + 2)))
    else if (isIntroduced || (block !== null && block.indent === -2)) {
      this.#block = { ...block, indent: -2 }
      block.lines.push(`- ${text}`)
    } else {
      this.end()
      this.#block = { line: number, lines: [text], indent }
    }
  }

  #readText(line: string, number: number): void {
    const block = this.#block
    const continues =
      block !== null && (!this.#afterBlank || (block.indent >= 0 && indentOf(line) > block.indent))
    if (!continues) this.end()
    this.#append(line.trim(), number)
  }

  #append(line: string, number: number): void {
    if (this.#block === null) this.#block = { line: number, lines: [line], indent: -1 }
    else this.#block.lines.push(line)
  }
}

/** The memories of a Markdown file. */
export const readMarkdown = (path: string, text: string): ReadonlyArray<TextItem> => {
  const file = basename(path)
  const lines = blankComments(text.replaceAll("\r\n", "\n")).split("\n")
  const reader = new BlockReader()
  const start = skipFrontMatter(lines)
  for (const [i, line] of lines.entries()) if (i >= start) reader.read(line, i + 1)
  reader.end()
  const isRules = RULES.test(file)
  return reader.blocks.map(({ line, lines: parts, section }) => {
    const content = parts.join("\n").trim()
    return {
      line,
      statement: {
        content: section === "" ? content : `${section}: ${content}`,
        type: isRules ? ("procedural" as const) : ("semantic" as const),
        pinned: isRules,
        metadata: { file, ...(section === "" ? {} : { section }) }
      }
    }
  })
}

/** The memories of a plain text: its paragraphs. */
export const readPlainText = (path: string, text: string): ReadonlyArray<TextItem> => {
  const items: Array<TextItem> = []
  let paragraph: Array<string> = []
  const lines = [...text.replaceAll("\r\n", "\n").split("\n"), ""]
  for (const [i, line] of lines.entries()) {
    if (line.trim() !== "") paragraph.push(line.trimEnd())
    else if (paragraph.length > 0) {
      const statement = {
        content: paragraph.join("\n").trim(),
        type: "semantic" as const,
        metadata: { file: basename(path) }
      }
      items.push({ line: i + 1 - paragraph.length, statement })
      paragraph = []
    }
  }
  return items
}
