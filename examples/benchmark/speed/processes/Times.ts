/** What a process of the benchmark measured: milliseconds a call. */
export interface Times {
  readonly reads: ReadonlyArray<number>
  readonly writes: ReadonlyArray<number>
  /** What the calls took of the processors together. */
  readonly cpuMs: number
  /** Memories that it wrote and that were acknowledged. */
  readonly written: number
}

/** What a process does: a read or a write of one user. */
export interface Work {
  readonly read: (user: number, round: number) => unknown
  readonly write: (user: number, index: number) => unknown
  readonly close: () => unknown
}

export type Side = "ours" | "bare"

/** Users that all processes serve, and the memories each has at first. */
export const USERS = 16
export const MEMORIES = 200
