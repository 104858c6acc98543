/** What services answer, read by hand: loading Effect's `Schema` for it would take longer than the request. */

/** The value of a JSON text; `undefined` where it is none. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A field of an object; `undefined` where the value is no object, or has none of that name. */
export const readField = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined

/** Reads each element of a list by `read`; `undefined` where the value is no list, or one of them cannot be read. */
export const readList = <A>(
  value: unknown,
  read: (element: unknown) => A | undefined
): ReadonlyArray<A> | undefined => {
  if (!Array.isArray(value)) return undefined
  const elements = value.map(read)
  return elements.every((element) => element !== undefined) ? elements : undefined
}
