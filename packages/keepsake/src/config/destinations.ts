/** Where a config sends texts and keys, by names that a person can judge. */
import { createHash } from "node:crypto"
import * as Effect from "effect/Effect"
import { type EmbedderConfig, SERVICE_URLS } from "./EmbedderConfig.ts"
import type { FileSettings } from "./configFile.ts"
import { hideUrlSecrets } from "./hideSecrets.ts"
import type { KeepsakeConfig } from "./KeepsakeConfig.ts"
import { RERANKER_URLS, type RerankerConfig } from "./RerankerConfig.ts"
import { type ResolvedConfig, resolveConfig } from "./resolveConfig.ts"
import type { QdrantConfig, StoreConfig } from "./StoreConfig.ts"

/** A host, or a model that is loaded into this process. */
export interface Destination {
  /** Such as `https://embed.example` or `transformers:Xenova/all-MiniLM-L6-v2`. */
  readonly name: string
  /** What would happen there: the end of a sentence that begins with the name and "which". */
  readonly effect: string
  /** On this machine, or the service's own address with the user's own key: needs no trust. */
  readonly isOwn: boolean
}

export const describeDestination = ({ effect, name }: Destination): string => `${name}, which ${effect}`

/** The hosts to which a service's key from the environment is sent. */
const KEY_HOSTS: { readonly [provider: string]: RegExp } = {
  cohere: /^https:\/\/(?:[a-z0-9-]+\.)*cohere\.(?:com|ai)$/u,
  openai: /^https:\/\/(?:[a-z0-9-]+\.)*openai\.com$/u,
  voyage: /^https:\/\/(?:[a-z0-9-]+\.)*voyageai\.com$/u
}

/** Whether the key of a service, such as `OPENAI_API_KEY`, belongs to an address: it is sent to no other. */
export const ownsKey = (provider: string, baseUrl: string): boolean =>
  KEY_HOSTS[provider]?.test(URL.parse(baseUrl)?.origin ?? "") === true

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/u.test(host)

const ACCOUNT = " (account "

/** Tells accounts at one host apart: a file that signs in as someone else sends texts to someone else. */
const nameHost = (origin: string, credentials: ReadonlyArray<string>): string => {
  if (credentials.every((part) => part === "")) return origin
  const account = createHash("sha256").update(JSON.stringify(credentials)).digest("hex").slice(0, 12)
  return `${origin}${ACCOUNT}${account})`
}

/** The host of a name, whoever signs in there. */
export const withoutAccount = ({ name }: Destination): string => name.split(ACCOUNT, 1)[0] ?? name

const describeClear = (protocol: string): string =>
  protocol === "http:" ? ", unencrypted: anyone on the way can read it" : ""

const toDestination = (url: string, apiKey: string | undefined, effect: string): Destination => {
  const address = URL.parse(url)
  if (address === null) return { name: hideUrlSecrets(url), effect, isOwn: false }
  const { host, hostname, password, protocol, username } = address
  return {
    name: nameHost(`${protocol}//${host}`, [username, password, apiKey ?? ""]),
    effect: effect + describeClear(protocol),
    isOwn: isLoopback(hostname)
  }
}

const EMBEDS = "would be sent every text that is kept or asked, to embed it"
const KEEPS = "would be sent every memory, to keep it"
const ASKS = "would be sent every question, to answer it"
const JUDGES = "would be sent every question with what is found, to judge it"

/** The driver takes host, user and password from parameters of these names before those of the URL. */
const fromPostgres = (url: string, effect: string): ReadonlyArray<Destination> => {
  const address = URL.parse(url)
  if (address === null) return [toDestination(url, undefined, effect)]
  const parameter = (name: string) => address.searchParams.getAll(name).join()
  const host = parameter("host") || address.hostname
  const port = parameter("port") || address.port
  const credentials = [parameter("user") || address.username, parameter("password") || address.password]
  return [
    {
      name: nameHost(`postgres://${host}${port === "" ? "" : `:${port}`}`, credentials),
      effect,
      // Without a host it is PGHOST's; a path is a socket.
      isOwn: host === "" || host.startsWith("/") || isLoopback(host)
    }
  ]
}

/** One for each node. */
const fromQdrant = ({ apiKey, url }: QdrantConfig): ReadonlyArray<Destination> =>
  url.split(",").map((node) => toDestination(node, apiKey, KEEPS))

const fromStore = (store: StoreConfig): ReadonlyArray<Destination> => {
  switch (store.backend) {
    case "memory":
    case "hnsw":
      return []
    case "pgvector":
      return [
        ...fromPostgres(store.url, KEEPS),
        ...(store.readUrl === undefined ? [] : fromPostgres(store.readUrl, ASKS))
      ]
    case "qdrant":
      return fromQdrant(store)
  }
}

const fromModel = (model: string): Destination => ({
  name: `transformers:${model}`,
  effect: "would be loaded into this process as a model, and downloaded if it is not here",
  isOwn: false
})

/** A service, which is the user's own where it gets the user's own key. */
const fromService = (
  provider: string,
  baseUrl: string | undefined,
  apiKey: string | undefined,
  effect: string
): ReadonlyArray<Destination> => {
  // Without an address nothing is sent: the provider is refused.
  if (baseUrl === undefined) return []
  const destination = toDestination(baseUrl, apiKey, effect)
  const isOwn = destination.isOwn || (apiKey === undefined && ownsKey(provider, baseUrl))
  return [{ ...destination, isOwn }]
}

const fromEmbedder = (embedder: EmbedderConfig): ReadonlyArray<Destination> => {
  switch (embedder.provider) {
    case "lexical":
    case "static":
      return []
    case "transformers":
      return [fromModel(embedder.model)]
    default: {
      const { apiKey, provider } = embedder
      const baseUrl =
        embedder.baseUrl ?? (provider === "openai-compatible" ? undefined : SERVICE_URLS[provider])
      return fromService(provider, baseUrl, apiKey, EMBEDS)
    }
  }
}

const fromReranker = (reranker: RerankerConfig): ReadonlyArray<Destination> => {
  if (reranker.provider === "transformers") return [fromModel(reranker.model)]
  const { apiKey, provider } = reranker
  const baseUrl = reranker.baseUrl ?? (provider === "tei" ? undefined : RERANKER_URLS[provider])
  return fromService(provider, baseUrl, apiKey, JUDGES)
}

const toDestinations = ({ embedder, reranker, store }: ResolvedConfig): ReadonlyArray<Destination> => [
  ...("backend" in store ? fromStore(store) : []),
  ...(embedder && "provider" in embedder ? fromEmbedder(embedder) : []),
  ...(reranker && "provider" in reranker ? fromReranker(reranker) : [])
]

/** None where a part cannot be read: what opens it fails for the same reason, and says it. */
const listFrom = (config: unknown): Effect.Effect<ReadonlyArray<Destination>> =>
  Effect.orElseSucceed(Effect.map(resolveConfig(config as KeepsakeConfig), toDestinations), () => [])

/** The destinations of a store, an embedder and a reranker as a file or a variable has them. */
export const listDestinations = ({
  embedder,
  reranker,
  store = "memory:"
}: Pick<FileSettings, "embedder" | "reranker" | "store">): Effect.Effect<ReadonlyArray<Destination>> =>
  // One by one: some commands use the store alone, even where the embedder cannot be read.
  Effect.map(
    Effect.all([
      listFrom({ store }),
      listFrom({ store: "memory:", embedder }),
      listFrom({ store: "memory:", reranker })
    ]),
    (lists) => lists.flat()
  )
