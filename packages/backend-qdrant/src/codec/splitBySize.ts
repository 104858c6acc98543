/** UTF-16 units of JSON that one request carries; the server takes 32 MB. */
const REQUEST_MAX = 8_000_000

/** Things in parts that fit a request each, or one thing that does not. */
export const splitBySize = <A>(things: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> => {
  const parts: Array<Array<A>> = []
  let left = 0
  for (const thing of things) {
    const size = JSON.stringify(thing).length
    if (size > left) {
      parts.push([])
      left = REQUEST_MAX
    }
    left -= size
    parts.at(-1)?.push(thing)
  }
  return parts
}
