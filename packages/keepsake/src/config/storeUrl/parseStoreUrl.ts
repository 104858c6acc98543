import { fileURLToPath } from "node:url"
import type { MemoryError, StoreOptions } from "@keepsake/core"
import { didYouMean, invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { findHomeFolder } from "../configFile.ts"
import { parsePostgresUrl } from "./parsePostgresUrl.ts"
import { parseQdrantUrl } from "./parseQdrantUrl.ts"
import type { StoreConfig } from "../StoreConfig.ts"

/** An example of each scheme, for messages. */
const SCHEMES = {
  file: "file:./memory.db",
  memory: "memory:",
  postgres: "postgres://user:password@localhost:5432/database",
  postgresql: "postgresql://user:password@localhost:5432/database",
  "qdrant+http": "qdrant+http://localhost:6333",
  "qdrant+https": "qdrant+https://my-cluster.example:6333"
} as const

const bad = (message: string) => Effect.fail(invalidInput("store", message))

const file = (url: string): Effect.Effect<StoreConfig, MemoryError> => {
  if (url.startsWith("file://")) {
    return Effect.try({
      try: (): StoreConfig => ({ backend: "hnsw", path: fileURLToPath(url) }),
      catch: () =>
        invalidInput(
          "store",
          "a file URL with two slashes is absolute: file:///home/me/memory.db. Relative: file:./memory.db"
        )
    })
  }
  const path = url.slice("file:".length)
  if (path === "") return bad(`names no file; write ${SCHEMES.file}`)
  // A shell expands "~" only at the start of a word, and here "file:" comes before it.
  if (!/^~[/\\]/u.test(path)) return Effect.succeed({ backend: "hnsw", path })
  const home = findHomeFolder(undefined)
  return home === undefined
    ? bad('begins with "~", and this account has no home folder: write the whole path')
    : Effect.succeed({ backend: "hnsw", path: `${home}${path.slice(1)}` })
}

const OPTIONS = ["readOnly", "accessCounts"] as const satisfies ReadonlyArray<keyof StoreOptions>

const isOption = (name: string): name is (typeof OPTIONS)[number] =>
  (OPTIONS as ReadonlyArray<string>).includes(name)

const MODE_HINTS: Readonly<Record<string, string>> = {
  rw: "a store that may be written is created if it is not there",
  memory: `for a store without a file, write ${SCHEMES.memory}`
}

interface SplitUrl {
  readonly url: string
  readonly options: StoreOptions
}

/**
 * Takes `?readOnly=true&accessCounts=false` off a URL. The other parameters of a server's URL stay, since they are
 * the driver's; a file has no others.
 */
const splitOptions = (text: string): Effect.Effect<SplitUrl, MemoryError> => {
  const start = text.indexOf("?")
  const isFile = /^file:/iu.test(text)
  // A question mark alone may be part of a file's name.
  if (start < 0 || (isFile && !text.includes("=", start))) return Effect.succeed({ url: text, options: {} })
  const options: { -readonly [Name in keyof StoreOptions]: boolean } = {}
  const others: Array<string> = []
  for (const part of text.slice(start + 1).split("&")) {
    const [name = "", value] = part.split("=")
    if (isOption(name)) {
      if (value !== "true" && value !== "false") return bad(`${name} is true or false; write ?${name}=true`)
      options[name] = value === "true"
    } else if (isFile && name === "mode") {
      // SQLite's own spelling.
      if (value !== "ro" && value !== "rwc")
        return bad(
          `mode is ro or rwc here; ${MODE_HINTS[value ?? ""] ?? "for reading alone, write ?mode=ro"}`
        )
      if (value === "ro") options.readOnly = true
    } else if (isFile) {
      return bad(
        `has an unknown option. ${didYouMean(name, OPTIONS)} Give a file with "?" in its name as { backend: "hnsw", path }`
      )
    } else others.push(part)
  }
  const rest = others.length === 0 ? "" : `?${others.join("&")}`
  return Effect.succeed({ url: `${text.slice(0, start)}${rest}`, options })
}

const parseLocation = (url: string): Effect.Effect<StoreConfig, MemoryError> => {
  if (/^[a-z]:[\\/]/iu.test(url)) return bad(`a store is a URL. For a file on Windows, write file:${url}`)
  const scheme = /^([a-z][a-z0-9+.-]*):/iu.exec(url)?.[1]?.toLowerCase()
  switch (scheme) {
    case "file":
      return file(url)
    case "memory":
      return Effect.succeed({ backend: "memory" })
    case "postgres":
    case "postgresql":
      return parsePostgresUrl(url, SCHEMES.postgres)
    case "qdrant+http":
    case "qdrant+https":
      return parseQdrantUrl(url, SCHEMES["qdrant+http"])
    case undefined:
      return bad(`a store is a URL. For a file, write file:${url === "" ? "./memory.db" : url}`)
    case "http":
    case "https":
      return bad(`for Qdrant, write qdrant+${scheme}://…: the scheme names the backend`)
    default:
      return bad(
        `the scheme "${scheme}:" is not known. ${didYouMean(scheme, Object.keys(SCHEMES))} For a file, write ${SCHEMES.file}`
      )
  }
}

/**
 * Parses a store URL, with `?readOnly=true` and `?accessCounts=false` where they are given. The password of a Qdrant
 * URL is the API key (`qdrant+https://:KEY@host`), and its parameters are the options of `QdrantConfig`; `readUrl` of a PostgreSQL URL is a standby. No message repeats a URL, which may hold a password.
 */
export const parseStoreUrl = (text: string): Effect.Effect<StoreConfig, MemoryError> =>
  Effect.flatMap(splitOptions(text), ({ options, url }) =>
    Effect.map(parseLocation(url), (config) => ({ ...config, ...options }))
  )
