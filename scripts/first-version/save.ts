import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { brotliCompressSync, constants } from "node:zlib"

const WINDOW_BITS = 24

/** Writes a file with Brotli's best compression. */
export const saveCompressed = (path: string, content: Uint8Array | string): void => {
  const bytes = Buffer.from(content)
  mkdirSync(dirname(path), { recursive: true })
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length
  }
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }))
}
