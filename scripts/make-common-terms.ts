/** `node scripts/make-common-terms.ts` writes the terms of common words, which `commonWords.ts` reads from its lists. */
import { writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { readCommonTerms } from "../packages/core/src/text/commonWords.ts"
import { TOKENISER } from "../packages/core/src/text/terms/tokenisers.ts"

const pack = (terms: Uint32Array): string => Buffer.from(terms.buffer).toString("base64")

const { common, elsewhere, functions } = readCommonTerms(TOKENISER)

await writeFile(
  fileURLToPath(new URL("../packages/core/src/text/commonTerms.ts", import.meta.url)),
  `/** Written by \`scripts/make-common-terms.ts\`: what \`readCommonTerms\` gives for the newest tokeniser, little-endian. */

/** Ascending and distinct. */
export interface CommonTerms {
  readonly common: Uint32Array
  /** Of function words of every language. */
  readonly functions: Uint32Array
  /** Of common words of other languages than English. */
  readonly elsewhere: Uint32Array
}

const COMMON =
  "${pack(common)}"

const FUNCTIONS =
  "${pack(functions)}"

const ELSEWHERE =
  "${pack(elsewhere)}"

const unpack = (packed: string): Uint32Array => {
  const bytes = Buffer.from(packed, "base64")
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(4 * i))
}

export const unpackTerms = (): CommonTerms => ({
  common: unpack(COMMON),
  functions: unpack(FUNCTIONS),
  elsewhere: unpack(ELSEWHERE)
})
`
)
