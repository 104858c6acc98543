import { fileURLToPath } from "node:url"

/** Git-ignored; kept between runs. */
export const cacheFolder = fileURLToPath(new URL("../../../.cache", import.meta.url))

/** Where tables and charts are written; git-ignored. */
export const resultsFolder = fileURLToPath(new URL("../../../bench-results", import.meta.url))

/** The root of the workspace. */
export const workspaceFolder = fileURLToPath(new URL("../../..", import.meta.url))
