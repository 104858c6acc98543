import { homedir } from "node:os"
import { fileURLToPath } from "node:url"
import { type MemoryError } from "@keepsake/core"
import { didYouMean, invalidInput } from "@keepsake/core/driver"
import { Effect } from "effect"
import type { StoreConfig } from "./StoreConfig.ts"

/** What each scheme looks like, for messages. */
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
  // In front of a shell's eyes it is not at the start of a word, so that no shell has expanded it.
  const path = url.slice("file:".length).replace(/^~(?=[/\\])/u, homedir())
  return path === "" ? bad(`names no file; write ${SCHEMES.file}`) : Effect.succeed({ backend: "hnsw", path })
}

const qdrant = (url: string): Effect.Effect<StoreConfig, MemoryError> => {
  const address = URL.parse(url.slice("qdrant+".length))
  if (address === null) return bad(`is not a complete URL; write ${SCHEMES["qdrant+http"]}`)
  const apiKey = decodeURIComponent(address.password)
  address.password = ""
  address.username = ""
  return Effect.succeed({
    backend: "qdrant",
    url: address.href.replace(/\/$/u, ""),
    ...(apiKey === "" ? {} : { apiKey })
  })
}

/**
 * What a store URL says. A Qdrant API key may be given as the password (`qdrant+https://:KEY@host`); a
 * message about a URL never repeats it, since it may hold a password.
 */
export const storeOfUrl = (url: string): Effect.Effect<StoreConfig, MemoryError> => {
  if (/^[a-z]:[\\/]/iu.test(url)) return bad(`a store is a URL. For a file on Windows, write file:${url}`)
  const scheme = /^([a-z][a-z0-9+.-]*):/iu.exec(url)?.[1]?.toLowerCase()
  switch (scheme) {
    case "file":
      return file(url)
    case "memory":
      return Effect.succeed({ backend: "memory" })
    case "postgres":
    case "postgresql":
      return URL.canParse(url)
        ? Effect.succeed({ backend: "pgvector", url })
        : bad(
            `is not a complete URL; write ${SCHEMES.postgres}, with special characters in the password percent-encoded`
          )
    case "qdrant+http":
    case "qdrant+https":
      return qdrant(url)
    case undefined:
      return bad(`a store is a URL. For a file, write file:${url === "" ? "./memory.db" : url}`)
    case "http":
    case "https":
      return bad(`for Qdrant, write qdrant+${scheme}://… so that it is clear what answers there`)
    default:
      return bad(
        `nothing is known about the scheme "${scheme}:". ${didYouMean(scheme, Object.keys(SCHEMES))} A file, for example, is ${SCHEMES.file}`
      )
  }
}
