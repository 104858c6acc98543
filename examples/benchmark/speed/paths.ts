import { fileURLToPath } from "node:url"

/** Files that persist between runs; git-ignored. */
export const cacheFolder = fileURLToPath(new URL("../../../.cache", import.meta.url))

/** Tables and charts; git-ignored. */
export const resultsFolder = fileURLToPath(new URL("../../../bench-results", import.meta.url))

/** The root of the workspace. */
export const workspaceFolder = fileURLToPath(new URL("../../..", import.meta.url))
