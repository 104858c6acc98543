/** The processor's time of this thread, exact: `process.threadCpuUsage` counts in ticks of 4 ms on Linux. */
import { WASI } from "node:wasi"

interface WebAssemblyApi {
  readonly Memory: new (pages: { readonly initial: number }) => { readonly buffer: ArrayBuffer }
}

/** The number that WASI's specification gives the clock. */
const THREAD_CLOCK = 3
/** Where the clock's time is written. */
const AT = 8

type ReadClock = (clock: number, precision: bigint, at: number) => number

const openClock = (): (() => number) => {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }
  const wasi = new WASI({ version: "preview1" })
  const memory = new WebAssembly.Memory({ initial: 1 })
  wasi.initialize({ exports: { memory } })
  const view = new DataView(memory.buffer)
  const { clock_time_get: read } = wasi.wasiImport as { readonly clock_time_get: ReadClock }
  return () => {
    if (read(THREAD_CLOCK, 0n, AT) !== 0) throw new Error("This system does not tell a thread's time")
    return Number(view.getBigUint64(AT, true)) / 1e6
  }
}

/** Milliseconds that this thread has used of the processor. */
export const threadMs: () => number = openClock()
