/** Imports nothing, so that a Node that is too old can run it. */

/** The first version with everything that the packages use, such as `node:sqlite`. */
export const NODE_MIN = "22.19"

export const isNodeTooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const [minMajor = 0, minMinor = 0] = NODE_MIN.split(".").map(Number)
  return major < minMajor || (major === minMajor && minor < minMinor)
}
