import { fourCharactersPerToken } from "@keepsake/core/driver"

// oxlint-disable-next-line no-control-regex
const NOT_ASCII = /[^\u0000-\u007f]+/gu

/** Counts other scripts by character: most of them take about one token for each. */
export const estimateText = (text: string): number => {
  let others = 0
  for (const [run] of text.matchAll(NOT_ASCII)) others += run.length
  return others + fourCharactersPerToken(text.slice(0, text.length - others))
}
