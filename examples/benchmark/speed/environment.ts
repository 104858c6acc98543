import { cpus, loadavg, platform, release, totalmem, arch } from "node:os"

/** The machine and the versions that the figures depend on. */
export interface Environment {
  readonly date: string
  readonly node: string
  readonly system: string
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  /** Load average over a minute at the start and at the end. Above `cores`, times are too long. */
  readonly load: readonly [number, number]
  readonly keepsake: string
}

export const environment = (keepsake: string): Environment => {
  const processors = cpus()
  const load = loadavg()[0] ?? 0
  return {
    date: new Date().toISOString(),
    node: process.version,
    system: `${platform()} ${release()} ${arch()}`,
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: [load, load],
    keepsake
  }
}

export const describe = (env: Environment): string =>
  `${env.processor}, ${env.cores} cores, ${env.memoryGiB} GiB; ${env.system}; Node ${env.node}; ` +
  `load ${env.load.map((load) => load.toFixed(1)).join(" to ")}; keepsake ${env.keepsake}; ${env.date}`
