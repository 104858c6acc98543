export const ROOT = "/memories"

/** Longest path; the store's keys hold it with the file's version. */
const PATH_MAX = 400

export const parentPath = (path: string): string => path.slice(0, path.lastIndexOf("/"))

export const isWithin = (path: string, folder: string): boolean => path.startsWith(`${folder}/`)

/** The absolute path without `.`, `..` and doubled slashes. Throws for a path outside `/memories`. */
export const resolvePath = (path: string): string => {
  const isInside = typeof path === "string" && (path === ROOT || isWithin(path, ROOT))
  if (!isInside) throw new Error(`Path must start with ${ROOT}, got: ${path}`)
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(path)) throw new Error("Path must not hold control characters")
  const parts: Array<string> = []
  for (const part of path.slice(ROOT.length).split("/")) {
    if (part === "" || part === ".") continue
    if (part !== "..") parts.push(part)
    else if (parts.pop() === undefined) throw new Error(`Path ${path} would escape ${ROOT} directory`)
  }
  const resolved = [ROOT, ...parts].join("/")
  if (resolved.length > PATH_MAX) throw new Error(`Path is longer than ${PATH_MAX} characters`)
  return resolved
}
