/** What could be read of a list that a model was to write as JSON. */
export interface Salvaged {
  readonly items: ReadonlyArray<unknown>
  /** False when the text was cut off or is not JSON: items may be missing. */
  readonly isWhole: boolean
}

const wholeList = (text: string, field: string): ReadonlyArray<unknown> | undefined => {
  try {
    const parsed: unknown = JSON.parse(text)
    const list: unknown =
      typeof parsed === "object" && parsed !== null && field in parsed
        ? (parsed as Record<string, unknown>)[field]
        : undefined
    return Array.isArray(list) ? list : undefined
  } catch {
    return undefined
  }
}

/** Where the list's objects begin and end, up to the first that does not end. */
const objectsFrom = (text: string, start: number): ReadonlyArray<string> => {
  const found: Array<string> = []
  let depth = 0
  let begin = 0
  let inString = false
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (inString) {
      if (character === "\\") at += 1
      else if (character === '"') inString = false
    } else if (character === '"') {
      inString = true
    } else if (character === "{") {
      if (depth++ === 0) begin = at
    } else if (character === "}") {
      if (--depth === 0) found.push(text.slice(begin, at + 1))
    } else if (character === "]" && depth === 0) {
      break
    }
  }
  return found
}

const parsedOrNothing = (text: string): ReadonlyArray<unknown> => {
  try {
    return [JSON.parse(text)]
  } catch {
    return []
  }
}

/** The complete items of `{ "<field>": [ {…}, {…}, … ] }`, whatever became of the rest of the text. */
export const parsePartialJson = (text: string, field: string): Salvaged => {
  const whole = wholeList(text, field)
  if (whole !== undefined) return { items: whole, isWhole: true }
  const named = text.indexOf(`"${field}"`)
  const start = text.indexOf("[", Math.max(named, 0))
  if (start < 0) return { items: [], isWhole: false }
  return { items: objectsFrom(text, start + 1).flatMap(parsedOrNothing), isWhole: false }
}
