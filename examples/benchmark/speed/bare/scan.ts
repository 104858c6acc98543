import { makeKernel } from "../../../../packages/backend-hnsw/src/kernel/kernel.ts"
import { DIMENSIONS } from "../data.ts"
import { top } from "./top.ts"

const ROW = DIMENSIONS * 4
const PAGE = 65_536

/** The scan kernel over one contiguous array: the lower bound of a scan's time. */
export const bareScan = (
  vectors: ReadonlyArray<Float32Array>
): ((query: Float32Array, limit: number) => ReadonlyArray<number>) => {
  const { dotsF32, memory } = makeKernel()
  const count = Math.ceil(vectors.length / 4) * 4
  const [list, out, rows] = [ROW, ROW + 4 * count, ROW + 8 * count]
  memory.grow(Math.ceil((rows + count * ROW) / PAGE))
  const { buffer } = memory
  new Uint32Array(buffer, list, count).forEach((_, i, addresses) => (addresses[i] = rows + i * ROW))
  vectors.forEach((vector, i) => new Float32Array(buffer, rows + i * ROW, DIMENSIONS).set(vector))
  const question = new Float32Array(buffer, 0, DIMENSIONS)
  const scores = new Float32Array(buffer, out, vectors.length)
  return (query, limit) => {
    question.set(query)
    dotsF32(list, count, ROW, 0, out)
    return top(scores, limit)
  }
}
