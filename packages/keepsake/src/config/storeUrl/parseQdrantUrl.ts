/** Qdrant's URLs: `qdrant+http://:KEY@node-1:6333,node-2:6333?collection=memories&replicationFactor=2`. */
import type { MemoryError } from "@keepsake/core"
import { didYouMean, fields, invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import { QDRANT_FIELDS, type StoreConfig, STORE_TABLES } from "../StoreConfig.ts"

const bad = (message: string) => Effect.fail(invalidInput("store", message))

/** The port as it is written: `URL` drops a scheme's own, and Qdrant's client then asks 6333. */
const readPort = (url: string): string => /^[^/]*\/\/[^/?#]*(:\d+)(?:[/?#]|$)/u.exec(url)?.[1] ?? ""

const decodeText = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** The address of each node, which the first one's scheme and the last one's path complete. */
const splitNodes = (url: string): ReadonlyArray<string> => {
  const [, scheme = "", nodes = "", path = ""] = /^([^/]*\/\/)([^/]*)(.*)$/u.exec(url) ?? []
  const [first = "", ...others] = nodes.split(",")
  return [`${scheme}${first}${path}`, ...others.map((node) => `${scheme}${node}${path}`)]
}

const isField = (name: string): name is keyof typeof QDRANT_FIELDS => Object.hasOwn(QDRANT_FIELDS, name)

/** Values as the config has them: numbers are written as numbers there. */
const readValue = (text: string): string | number => (/^\d+$/u.test(text) ? Number(text) : text)

const readParameters = Effect.fnUntraced(function* (query: string) {
  const values: Record<string, string | number> = {}
  for (const part of query === "" ? [] : query.split("&")) {
    const [name = "", value = ""] = part.split("=")
    const text = decodeText(value)
    if (text === undefined) return yield* bad(`has a stray % in ${name}; write a percent sign as %25`)
    if (!isField(name)) {
      return yield* bad(`has an unknown option. ${didYouMean(name, Object.keys(QDRANT_FIELDS))}`)
    }
    values[name] = name === "collection" || name === "prefix" ? text : readValue(text)
  }
  return values
})

const readTable = fields.within("store", STORE_TABLES.qdrant)

/** Parses a URL that begins with `qdrant+`; `example` shows a complete one. */
export const parseQdrantUrl = Effect.fnUntraced(function* (
  url: string,
  example: string
): Effect.fn.Return<StoreConfig, MemoryError> {
  const [location = "", query = ""] = url.slice("qdrant+".length).split("?")
  const nodes: Array<string> = []
  let apiKey = ""
  for (const node of splitNodes(location)) {
    const address = URL.parse(node)
    if (address === null) return yield* bad(`is not a complete URL; write ${example}`)
    const key = decodeText(address.password)
    if (key === undefined) return yield* bad("has a key with a stray %; write a percent sign as %25")
    if (key !== "") apiKey = key
    const port = address.port === "" ? readPort(node) : `:${address.port}`
    const path = address.pathname.replace(/\/$/u, "")
    nodes.push(`${address.protocol}//${address.hostname}${port}${path}`)
  }
  const config = {
    backend: "qdrant",
    url: nodes.join(","),
    ...(apiKey === "" ? {} : { apiKey }),
    ...(yield* readParameters(query))
  }
  return yield* fields.valid(() => readTable(config))
})
