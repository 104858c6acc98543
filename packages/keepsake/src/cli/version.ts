import { readFileSync } from "node:fs"

/** This package's version. The manifest is at the same depth above `src` and `dist`. */
export const { version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8")
) as {
  readonly version: string
}
