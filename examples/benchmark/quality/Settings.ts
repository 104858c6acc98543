import { parseArgs } from "node:util"

export const BACKENDS = ["memory", "hnsw", "pgvector", "qdrant"] as const
export type Backend = (typeof BACKENDS)[number]

export interface Source {
  readonly data: string
  /** File of the set's recorded vectors. */
  readonly vectors: string | null
}

export interface Settings {
  readonly sources: ReadonlyArray<Source>
  readonly backend: Backend
  /** A live embedder, such as `transformers:…` or `ollama:…`, for sets without recorded vectors. */
  readonly embedder: string | null
  /** Judges what recall finds in the sets, such as `tei:…` or `transformers:…`. */
  readonly reranker: string | null
  readonly json: string | null
  /** File with an earlier run's value per question, to compare with; by default the last run of the same kind. */
  readonly against: string | null
  /** Whether scopes of 100,000 and 1,000,000 rows are measured too. */
  readonly isLarge: boolean
  /** LongMemEval's own file; nothing else is measured then. */
  readonly longMemEval: string | null
  /** Whether the conversations of all its questions are one scope. */
  readonly isPooled: boolean
}

export const USAGE = `pnpm bench:quality [options]

  --data FILE       an evaluation set (examples/benchmark/data/README.md has the schema); repeatable;
                    default: the project's own dialogues
  --vectors FILE    recorded vectors of the preceding --data
  --embedder SPEC   a live embedder instead, such as lexical or transformers:Xenova/all-MiniLM-L6-v2
  --reranker SPEC   a reranker over the sets of --data, such as tei:http://localhost:8080 or
                    transformers:Xenova/ms-marco-MiniLM-L-6-v2; ten memories are recalled of a question then,
                    so that R@20 and R@100 are R@10
  --backend NAME    ${BACKENDS.join(", ")}; default: hnsw
  --large           a word of one memory alone among 100,000 and 1,000,000 rows too
  --longmemeval FILE  LongMemEval's published JSON (S, M or oracle) instead of everything else: recall_any and
                    recall_all at 1, 5, 10 and MRR by question type, by words, with the
                    built-in table and with --embedder
  --pooled          its conversations in one scope, instead of a scope a question
  --json FILE       writes the result to FILE
  --against FILE    compares with an earlier run's value per question (bench-results/quality-*.questions.json)`

export class UsageError extends Error {}

export const readSettings = (args: ReadonlyArray<string>, ownData: string): Settings | null => {
  const { tokens, values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    tokens: true,
    options: {
      data: { type: "string", multiple: true },
      vectors: { type: "string", multiple: true },
      embedder: { type: "string" },
      reranker: { type: "string" },
      backend: { type: "string" },
      json: { type: "string" },
      against: { type: "string" },
      large: { type: "boolean" },
      longmemeval: { type: "string" },
      pooled: { type: "boolean" },
      help: { type: "boolean" }
    }
  })
  if (values.help === true) return null
  const sources: Array<Source> = []
  // Reads tokens in order: --vectors belongs to the --data before it.
  for (const token of tokens) {
    if (token.kind !== "option" || token.value === undefined) continue
    if (token.name === "data") sources.push({ data: token.value, vectors: null })
    if (token.name !== "vectors") continue
    const last = sources.pop()
    if (last === undefined) throw new UsageError("--vectors must follow the --data that they belong to")
    sources.push({ ...last, vectors: token.value })
  }
  const backend = BACKENDS.find((name) => name === (values.backend ?? "hnsw"))
  if (backend === undefined)
    throw new UsageError(`--backend ${values.backend} is unknown: use one of ${BACKENDS.join(", ")}`)
  if (values.pooled === true && values.longmemeval === undefined)
    throw new UsageError("--pooled is about the conversations of --longmemeval")
  if (values.reranker !== undefined && values.longmemeval !== undefined)
    throw new UsageError("--reranker is measured over --data, not over --longmemeval")
  return {
    sources: sources.length === 0 ? [{ data: ownData, vectors: null }] : sources,
    backend,
    embedder: values.embedder ?? null,
    reranker: values.reranker ?? null,
    json: values.json ?? null,
    against: values.against ?? null,
    isLarge: values.large === true,
    longMemEval: values.longmemeval ?? null,
    isPooled: values.pooled === true
  }
}
