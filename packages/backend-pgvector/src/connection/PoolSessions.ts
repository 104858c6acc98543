import { MemoryError, Timeout } from "@keepsake/core/driver"
import type { Pool, PoolClient } from "pg"
import type { CallLimit } from "./Database.ts"

/** After this, a session may have ended unnoticed: the process was frozen, or a router forgot the connection. */
const IDLE_MS = 10_000
/** How long such a session is waited for. */
const PING_MS = 2_000

const timeout = (message: string): MemoryError => new MemoryError({ reason: new Timeout({ message }) })

const noneFree = (): MemoryError =>
  timeout(
    "No connection to PostgreSQL became free in time: raise the pool's size, or look for slow statements."
  )

const silent = (): MemoryError =>
  timeout(
    "PostgreSQL did not answer in time, and the connection was given up. A write may have been stored. Check the server, and the network in between."
  )

const ignore = (): void => {}

/** A client of the pool while it is lent. */
class Loan {
  readonly client: PoolClient
  #state: "lent" | "spent" | "givenUp" = "lent"

  constructor(client: PoolClient) {
    this.client = client
  }

  get isGivenUp(): boolean {
    return this.#state === "givenUp"
  }

  /** The session is not to be used again. */
  spend(): void {
    if (this.#state === "lent") this.#state = "spent"
  }

  /** Breaks the connection: what waits for its answer fails. */
  giveUp(): void {
    if (this.isGivenUp) return
    this.#state = "givenUp"
    this.client.release(true)
  }

  end(): void {
    if (!this.isGivenUp) this.client.release(this.#state === "spent")
  }
}

/** Work with a client. `spend` keeps its session from being used again. */
type Work<A> = (client: PoolClient, spend: () => void) => Promise<A>

/** A pool's sessions, each lent for a limited time: a server that does not answer holds neither a call nor a session. */
export class PoolSessions {
  readonly #pool: Pool
  readonly #loans = new Set<Loan>()
  /** When a client was given back, in epoch milliseconds: a suspended machine counts too. */
  readonly #usedAt = new WeakMap<PoolClient, number>()

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Fails with `Timeout` at the limit, which includes the wait for a session. */
  async lend<A>(work: Work<A>, limitMs: CallLimit): Promise<A> {
    const until = limitMs === null ? Number.POSITIVE_INFINITY : performance.now() + limitMs
    const loan = new Loan(await this.#borrow(until))
    this.#loans.add(loan)
    const timer = limitMs === null ? undefined : setTimeout(() => loan.giveUp(), until - performance.now())
    try {
      return await work(loan.client, () => loan.spend())
    } catch (cause) {
      throw loan.isGivenUp ? silent() : cause
    } finally {
      clearTimeout(timer)
      this.#loans.delete(loan)
      this.#usedAt.set(loan.client, Date.now())
      loan.end()
    }
  }

  /** Gives up every session that is lent. */
  giveUp(): void {
    for (const loan of this.#loans) loan.giveUp()
  }

  /** A client whose session is there: nothing has been sent yet, so one that is gone costs no more than another. */
  async #borrow(until: number): Promise<PoolClient> {
    for (;;) {
      const client = await this.#connect(until)
      const usedAt = this.#usedAt.get(client)
      if (usedAt === undefined || Date.now() - usedAt < IDLE_MS) return client
      this.#usedAt.delete(client)
      if (await this.#answers(client)) return client
    }
  }

  async #connect(until: number): Promise<PoolClient> {
    const connecting = this.#pool.connect()
    if (until === Number.POSITIVE_INFINITY) return connecting
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      late.reject(noneFree())
      connecting.then((client) => client.release(), ignore)
    }, until - performance.now())
    try {
      return await Promise.race([connecting, late.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  async #answers(client: PoolClient): Promise<boolean> {
    const loan = new Loan(client)
    const timer = setTimeout(() => loan.giveUp(), PING_MS)
    try {
      await client.query("select 1")
      return true
    } catch {
      loan.spend()
      loan.end()
      return false
    } finally {
      clearTimeout(timer)
    }
  }
}
