const INT_BYTES = 4
const [ASKED, STOPPED] = [0, 1]

/**
 * By which a process asks the thread of a builder to stop, and waits for it. To terminate one while the addon reads an
 * array of the thread's ends the process.
 */
export class StopSign {
  readonly shared: SharedArrayBuffer
  readonly #states: Int32Array

  /** @param shared by the other side */
  constructor(shared = new SharedArrayBuffer(2 * INT_BYTES)) {
    this.shared = shared
    this.#states = new Int32Array(shared)
  }

  ask(): void {
    Atomics.store(this.#states, ASKED, 1)
  }

  get isAsked(): boolean {
    return Atomics.load(this.#states, ASKED) === 1
  }

  /** The thread has stopped, or has ended otherwise. */
  confirm(): void {
    Atomics.store(this.#states, STOPPED, 1)
    Atomics.notify(this.#states, STOPPED)
  }

  /** Blocks the caller until the thread has stopped, or for `limitMs`. */
  wait(limitMs: number): void {
    Atomics.wait(this.#states, STOPPED, 0, limitMs)
  }
}
