import { basename } from "node:path"
import type { RerankerProvider } from "@keepsake/core"
import { OF_LOGITS } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { LocalRerankerConfig } from "../config/RerankerConfig.ts"
import {
  type Closable,
  loadTransformers,
  type PairClassifier,
  type PairTokenizer,
  toLoad
} from "../localModel.ts"
import { ServiceError } from "../requests/ServiceError.ts"

/** Pairs that are judged at once: a batch blocks the event loop, and cannot be interrupted. */
const BATCH = 8

const judgePairs = async (
  tokenizer: PairTokenizer,
  classify: PairClassifier,
  query: string,
  texts: ReadonlyArray<string>
): Promise<ReadonlyArray<number>> => {
  const inputs = tokenizer(
    texts.map(() => query),
    { text_pair: texts, padding: true, truncation: true }
  )
  const { logits } = await classify(inputs)
  if (logits.dims.at(-1) !== 1)
    throw new ServiceError(`It has ${logits.dims.at(-1)} labels: a cross-encoder has one`, {
      isRetryable: false
    })
  return Array.from(logits.data)
}

/**
 * A cross-encoder in this process: no text leaves the machine. Needs `@huggingface/transformers`; a model on the hub is
 * downloaded when the memory is opened.
 */
export const localReranker = async (config: LocalRerankerConfig): Promise<RerankerProvider & Closable> => {
  const library = await Effect.runPromise(loadTransformers)
  const { name, options } = toLoad(config)
  const tokenizer = await library.AutoTokenizer.from_pretrained(name, options)
  const classify = await library.AutoModelForSequenceClassification.from_pretrained(name, options)
  return {
    model: basename(config.model),
    calibration: config.calibration ?? OF_LOGITS,
    timeoutMs: config.timeoutMs,
    close: async () => {
      await classify.dispose()
    },
    rerank: async ({ query, signal, texts }) => {
      const scores: Array<number> = []
      for (let start = 0; start < texts.length; start += BATCH) {
        signal.throwIfAborted()
        // One batch after the other: all at once would take each other's time.
        // oxlint-disable-next-line no-await-in-loop
        scores.push(...(await judgePairs(tokenizer, classify, query, texts.slice(start, start + BATCH))))
      }
      return scores
    }
  }
}
