/** A fenced block of a document; `line` is that of its first line of text. */
export interface Block {
  readonly file: string
  readonly line: number
  readonly info: string
  readonly text: string
}

export const readBlocks = (file: string, markdown: string): ReadonlyArray<Block> => {
  const blocks: Array<Block> = []
  let open: { line: number; info: string; lines: Array<string> } | undefined
  for (const [i, line] of markdown.split("\n").entries()) {
    const fence = /^\s*```(.*)$/u.exec(line)
    if (fence === null) open?.lines.push(line)
    else if (open === undefined) open = { line: i + 2, info: (fence[1] ?? "").trim(), lines: [] }
    else {
      blocks.push({ file, line: open.line, info: open.info, text: open.lines.join("\n") })
      open = undefined
    }
  }
  return blocks
}
