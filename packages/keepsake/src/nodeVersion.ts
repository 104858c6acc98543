/** Imports nothing: what is said to a Node that is too old must run on it. */

/** The first version with all that the packages use, `node:sqlite` among them. */
export const NODE_LEAST = "22.19"

export const isNodeTooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const [leastMajor = 0, leastMinor = 0] = NODE_LEAST.split(".").map(Number)
  return major < leastMajor || (major === leastMajor && minor < leastMinor)
}
