/** `node scripts/make-kernel.ts` assembles the kernels of exact search: a process that did so would take longer than to open a file. */
import { writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { assembleKernel } from "../packages/backend-hnsw/src/kernel/assembleKernel.ts"

await writeFile(
  fileURLToPath(new URL("../packages/backend-hnsw/src/kernel/kernelModule.ts", import.meta.url)),
  `/** Written by \`scripts/make-kernel.ts\`: a WebAssembly module, compiled in well under a millisecond. */
export const KERNEL_MODULE =
  "${Buffer.from(assembleKernel()).toString("base64")}"
`
)
