import { createHash } from "node:crypto"
import type { Memory, PromiseMemory, Where } from "@keepsake/keepsake"
import {
  BaseStore,
  type GetOperation,
  type Item,
  type ListNamespacesOperation,
  type Operation,
  type OperationResults,
  type PutOperation,
  type SearchItem,
  type SearchOperation
} from "@langchain/langgraph-checkpoint"
import { matchesFilter, matchesPath, pickScalars, toWhere } from "./matching.ts"

const PAGE = 500
/** Exceeds LangGraph's limit, because `matchesFilter` decides afterwards what the store cannot. */
const RECALL_LIMIT = 100

/** An item as a memory's metadata stores it. */
interface StoredItem {
  readonly namespace: ReadonlyArray<string>
  readonly key: string
  readonly value: string
  readonly createdAt: number
}

const parseStoredItem = ({ metadata }: Memory): StoredItem =>
  JSON.parse(metadata["item"] as string) as StoredItem

const toItem = (memory: Memory): Item => {
  const { createdAt, key, namespace, value } = parseStoredItem(memory)
  return {
    namespace: [...namespace],
    key,
    value: JSON.parse(value) as Record<string, unknown>,
    createdAt: new Date(createdAt),
    updatedAt: new Date(memory.createdAt)
  }
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex")

/** One field per prefix of the namespace: a filter compares top-level scalars by equality. */
const toPrefixFields = (namespace: ReadonlyArray<string>): Record<string, string> =>
  Object.fromEntries(
    namespace.map((_, i) => [`ns${i + 1}`, digest(JSON.stringify(namespace.slice(0, i + 1)))])
  )

const toPrefixFilter = (namespace: ReadonlyArray<string>): Record<string, string> => {
  const fields = toPrefixFields(namespace)
  const last = `ns${namespace.length}`
  return namespace.length === 0 ? {} : { [last]: fields[last] ?? "" }
}

/** Joins every string in a value, for search. */
const joinTexts = (value: unknown): string => {
  if (typeof value === "string") return value
  if (typeof value === "object" && value !== null)
    return Object.values(value).map(joinTexts).filter(Boolean).join("\n")
  return ""
}

/** LangGraph's long-term memory inside one user's memory: all namespaces are in that scope. */
export class KeepsakeStore extends BaseStore {
  readonly #memory: PromiseMemory

  constructor(memory: PromiseMemory) {
    super()
    this.#memory = memory
  }

  /** Like LangGraph's own stores: first all reads of the batch, then its puts in order. */
  async batch<const Operations extends Array<Operation>>(
    operations: Operations
  ): Promise<OperationResults<Operations>> {
    const results: Array<unknown> = []
    for (const operation of operations)
      results.push("value" in operation ? undefined : await this.#read(operation))
    for (const operation of operations) if ("value" in operation) await this.#put(operation)
    return results as OperationResults<Operations>
  }

  async #read(operation: Exclude<Operation, PutOperation>): Promise<unknown> {
    if ("namespacePrefix" in operation) return this.#search(operation)
    if ("key" in operation) return this.#get(operation)
    return this.#listNamespaces(operation)
  }

  async #listMemories(metadata: Record<string, string>, where: Where = {}): Promise<ReadonlyArray<Memory>> {
    const rows: Array<Memory> = []
    let after: Awaited<ReturnType<PromiseMemory["list"]>>["next"] | undefined
    do {
      const page = await this.#memory.list({
        where: { and: [{ metadata: { langgraph: true, ...metadata } }, where] },
        limit: PAGE,
        after: after ?? undefined
      })
      rows.push(...page.rows)
      after = page.next
    } while (after !== null)
    return rows
  }

  /** All versions of an item, oldest first. */
  async #listVersions({ key, namespace }: GetOperation): Promise<ReadonlyArray<Memory>> {
    return this.#listMemories({ place: digest(JSON.stringify([namespace, key])) })
  }

  async #get(operation: GetOperation): Promise<Item | null> {
    const latest = (await this.#listVersions(operation)).at(-1)
    return latest === undefined ? null : toItem(latest)
  }

  /** Writes the new version before it removes the old ones, so that a crash loses no acknowledged item. */
  async #put({ index, key, namespace, value }: PutOperation): Promise<void> {
    const oldVersions = await this.#listVersions({ namespace, key })
    if (value !== null) {
      const [first] = oldVersions
      const now = Date.now()
      const item: StoredItem = {
        namespace,
        key,
        value: JSON.stringify(value),
        createdAt: first === undefined ? now : parseStoredItem(first).createdAt
      }
      const indexedFields = Array.isArray(index)
        ? Object.fromEntries(index.map((path) => [path, value[path]]))
        : value
      const text = index === false ? "" : joinTexts(indexedFields)
      await this.#memory.remember({
        content: text.trim() === "" ? key : text,
        type: "semantic",
        key: `langgraph:${crypto.randomUUID()}`,
        metadata: {
          langgraph: true,
          indexed: text.trim() !== "",
          place: digest(JSON.stringify([namespace, key])),
          ...toPrefixFields(namespace),
          fields: pickScalars(value),
          item: JSON.stringify(item)
        }
      })
    }
    if (oldVersions.length > 0) await this.#memory.forget(oldVersions.map(({ id }) => id))
  }

  async #search({
    filter,
    limit = 10,
    namespacePrefix,
    offset = 0,
    query
  }: SearchOperation): Promise<Array<SearchItem>> {
    const where = toWhere(filter ?? {})
    const metadata = { langgraph: true, indexed: true, ...toPrefixFilter(namespacePrefix) }
    const items: ReadonlyArray<SearchItem> =
      query === undefined
        ? (await this.#listMemories(toPrefixFilter(namespacePrefix), where)).map(toItem)
        : (
            await this.#memory.recall(query, {
              where: { and: [{ metadata }, where] },
              limit: RECALL_LIMIT,
              minScore: 0
            })
          ).map(({ memory, score }) => ({ ...toItem(memory), score }))
    return items.filter(({ value }) => matchesFilter(filter ?? {}, value)).slice(offset, offset + limit)
  }

  async #listNamespaces({
    limit,
    matchConditions = [],
    maxDepth,
    offset
  }: ListNamespacesOperation): Promise<Array<Array<string>>> {
    const distinct = new Set<string>()
    for (const memory of await this.#listMemories({})) {
      const { namespace } = parseStoredItem(memory)
      if (!matchConditions.every((condition) => matchesPath(condition, namespace))) continue
      distinct.add(JSON.stringify(namespace.slice(0, maxDepth)))
    }
    return Array.from(distinct)
      .sort()
      .slice(offset, offset + limit)
      .map((namespace) => JSON.parse(namespace) as Array<string>)
  }
}
