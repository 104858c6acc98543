import { readFileSync } from "node:fs"

/** This package's version: the manifest lies at the same depth above the sources and the build. */
export const { version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8")
) as {
  readonly version: string
}
