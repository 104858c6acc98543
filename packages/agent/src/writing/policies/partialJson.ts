/** The items that could be read of a JSON list. */
export interface PartialList {
  readonly items: ReadonlyArray<unknown>
  /** False when the text was cut off or is not JSON: items may be missing. */
  readonly isWhole: boolean
}

const parseWholeList = (text: string, field: string): ReadonlyArray<unknown> | undefined => {
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

/** The texts of a list's objects, up to the first that is cut off. */
const splitObjects = (text: string, start: number): ReadonlyArray<string> => {
  const objects: Array<string> = []
  let depth = 0
  let begin = 0
  let inString = false
  for (let i = start; i < text.length; i++) {
    const character = text[i]
    if (inString) {
      if (character === "\\") i += 1
      else if (character === '"') inString = false
    } else if (character === '"') {
      inString = true
    } else if (character === "{") {
      if (depth++ === 0) begin = i
    } else if (character === "}") {
      if (--depth === 0) objects.push(text.slice(begin, i + 1))
    } else if (character === "]" && depth === 0) {
      break
    }
  }
  return objects
}

const parseObject = (text: string): ReadonlyArray<unknown> => {
  try {
    return [JSON.parse(text)]
  } catch {
    return []
  }
}

/** The complete items of `{ "<field>": [ {…}, {…}, … ] }`, even if the rest of the text is missing or broken. */
export const parsePartialJson = (text: string, field: string): PartialList => {
  const whole = parseWholeList(text, field)
  if (whole !== undefined) return { items: whole, isWhole: true }
  const fieldStart = text.indexOf(`"${field}"`)
  const listStart = text.indexOf("[", Math.max(fieldStart, 0))
  if (listStart < 0) return { items: [], isWhole: false }
  return { items: splitObjects(text, listStart + 1).flatMap(parseObject), isWhole: false }
}
