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
import { matchesFilter, matchesPath, scalarsOf, whereOf } from "./matching.ts"

const PAGE = 500
/** What the store cannot decide of a filter is decided afterwards, so more are asked for. */
const RECALLED = 100

interface Kept {
  readonly namespace: ReadonlyArray<string>
  readonly key: string
  readonly value: string
  readonly createdAt: number
}

const keptOf = ({ metadata }: Memory): Kept => JSON.parse(metadata["item"] as string) as Kept

const itemOf = (memory: Memory): Item => {
  const { createdAt, key, namespace, value } = keptOf(memory)
  return {
    namespace: [...namespace],
    key,
    value: JSON.parse(value) as Record<string, unknown>,
    createdAt: new Date(createdAt),
    updatedAt: new Date(memory.createdAt)
  }
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex")

/** Each beginning of a namespace is a value to ask for. */
const prefixes = (namespace: ReadonlyArray<string>): Record<string, string> =>
  Object.fromEntries(
    namespace.map((_, i) => [`ns${i + 1}`, digest(JSON.stringify(namespace.slice(0, i + 1)))])
  )

const prefixFilter = (namespace: ReadonlyArray<string>): Record<string, string> => {
  const all = prefixes(namespace)
  const last = `ns${namespace.length}`
  return namespace.length === 0 ? {} : { [last]: all[last] ?? "" }
}

/** Its texts, for search: what `index` names, or every string in the value. */
const textOf = (value: unknown): string => {
  if (typeof value === "string") return value
  if (typeof value === "object" && value !== null)
    return Object.values(value).map(textOf).filter(Boolean).join("\n")
  return ""
}

/** LangGraph's long-term memory, kept in one user's memory: the namespaces live inside that scope. */
export class KeepsakeStore extends BaseStore {
  readonly #memory: PromiseMemory

  constructor(memory: PromiseMemory) {
    super()
    this.#memory = memory
  }

  /** As LangGraph's own stores: what is read in a batch was there before it, then the puts are made in order. */
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
    return this.#namespaces(operation)
  }

  async #all(metadata: Record<string, string>, where: Where = {}): Promise<ReadonlyArray<Memory>> {
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

  async #at({ key, namespace }: GetOperation): Promise<ReadonlyArray<Memory>> {
    return this.#all({ place: digest(JSON.stringify([namespace, key])) })
  }

  async #get(operation: GetOperation): Promise<Item | null> {
    const last = (await this.#at(operation)).at(-1)
    return last === undefined ? null : itemOf(last)
  }

  /** The new one first, then the old ones go: nothing that was acknowledged is lost in between. */
  async #put({ index, key, namespace, value }: PutOperation): Promise<void> {
    const old = await this.#at({ namespace, key })
    if (value !== null) {
      const [first] = old
      const now = Date.now()
      const kept: Kept = {
        namespace,
        key,
        value: JSON.stringify(value),
        createdAt: first === undefined ? now : keptOf(first).createdAt
      }
      const named = Array.isArray(index)
        ? Object.fromEntries(index.map((path) => [path, value[path]]))
        : value
      const text = index === false ? "" : textOf(named)
      await this.#memory.remember({
        content: text.trim() === "" ? key : text,
        type: "semantic",
        key: `langgraph:${crypto.randomUUID()}`,
        metadata: {
          langgraph: true,
          indexed: text.trim() !== "",
          place: digest(JSON.stringify([namespace, key])),
          ...prefixes(namespace),
          fields: scalarsOf(value),
          item: JSON.stringify(kept)
        }
      })
    }
    if (old.length > 0) await this.#memory.forget(old.map(({ id }) => id))
  }

  async #search({
    filter,
    limit = 10,
    namespacePrefix,
    offset = 0,
    query
  }: SearchOperation): Promise<Array<SearchItem>> {
    const where = whereOf(filter ?? {})
    const metadata = { langgraph: true, indexed: true, ...prefixFilter(namespacePrefix) }
    const found: ReadonlyArray<SearchItem> =
      query === undefined
        ? (await this.#all(prefixFilter(namespacePrefix), where)).map(itemOf)
        : (
            await this.#memory.recall(query, {
              where: { and: [{ metadata }, where] },
              limit: RECALLED,
              minScore: 0
            })
          ).map(({ memory, score }) => ({ ...itemOf(memory), score }))
    return found.filter(({ value }) => matchesFilter(filter ?? {}, value)).slice(offset, offset + limit)
  }

  async #namespaces({
    limit,
    matchConditions = [],
    maxDepth,
    offset
  }: ListNamespacesOperation): Promise<Array<Array<string>>> {
    const distinct = new Set<string>()
    for (const memory of await this.#all({})) {
      const { namespace } = keptOf(memory)
      if (!matchConditions.every((condition) => matchesPath(condition, namespace))) continue
      distinct.add(JSON.stringify(namespace.slice(0, maxDepth)))
    }
    return Array.from(distinct)
      .sort()
      .slice(offset, offset + limit)
      .map((namespace) => JSON.parse(namespace) as Array<string>)
  }
}
