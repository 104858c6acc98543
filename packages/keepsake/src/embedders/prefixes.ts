/** Texts that models expect before what they embed, and the names of the spaces that they make. */
import type { EmbedderProvider, EmbedPurpose } from "@keepsake/core"

/** What goes before a text, by purpose. */
export type Prefixes = { readonly [Purpose in EmbedPurpose]: string }

export const NO_PREFIXES: Prefixes = { document: "", query: "" }

/** A provider, and the same model as it was set up before: a store filled by one of those goes on with it. */
export interface SettledProvider extends EmbedderProvider {
  readonly formerly: ReadonlyArray<EmbedderProvider>
}

const SEARCHING = "Represent this sentence for searching relevant passages: "

/** By the model's name, of which hubs and services write the beginning in their own ways. */
const KNOWN: ReadonlyArray<readonly [RegExp, Prefixes]> = [
  [/(?:^|\/)nomic-embed-text/iu, { document: "search_document: ", query: "search_query: " }],
  [/(?:^|[/-])e5-(?!.*(?:instruct|mistral))/iu, { document: "passage: ", query: "query: " }],
  [/(?:^|\/)bge-(?:small|base|large)(?!-zh)/iu, { document: "", query: SEARCHING }],
  [/(?:^|\/)mxbai-embed-/iu, { document: "", query: SEARCHING }]
]

interface ModelOptions {
  readonly model: string
  readonly documentPrefix?: string | undefined
  readonly queryPrefix?: string | undefined
}

/** The prefixes that the options give, or else those that the model is known to need. */
export const readPrefixes = ({ documentPrefix, model, queryPrefix }: ModelOptions): Prefixes => {
  const known = KNOWN.find(([name]) => name.test(model))?.[1] ?? NO_PREFIXES
  return { document: documentPrefix ?? known.document, query: queryPrefix ?? known.query }
}

/** `:latest` is what a name without a tag means. */
const withoutTag = (model: string): string => model.replace(/:latest$/u, "")

/** Names the space: vectors made with other prefixes are not comparable. */
export const toSpaceName = (model: string, { document, query }: Prefixes): string =>
  document === "" && query === ""
    ? withoutTag(model)
    : `${withoutTag(model)} after ${JSON.stringify(document.trim())} and ${JSON.stringify(query.trim())}`

/** Names under which the first version filled stores, which knew no prefixes; none where the options ask for some. */
export const toFormerNames = (options: ModelOptions): ReadonlyArray<string> => {
  const asksForPrefixes = (options.documentPrefix ?? "") !== "" || (options.queryPrefix ?? "") !== ""
  if (asksForPrefixes) return []
  const name = withoutTag(options.model)
  const current = toSpaceName(options.model, readPrefixes(options))
  return [name, `${name}:latest`].filter((former) => former !== current)
}
