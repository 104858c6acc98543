/** Mixed traffic while everything around the memory fails now and then: what was acknowledged stays, every call ends. */
import { spawn } from "node:child_process"
import { setTimeout as wait } from "node:timers/promises"
import { AgentMemory, Embedder, type MemoryClient, MemoryError, promiseClient } from "@keepsake/core"
import { Layer } from "effect"
import { makeQuery, makeScope, makeText, sequence } from "./data.ts"
import { type FaultyEmbedder, faultyEmbedder, UNEMBEDDABLE } from "./faultyEmbedder.ts"
import type { StoreLayer } from "./opened.ts"

const USERS = 20
const CALLERS = 8
export const DEADLINE_MS = 2_000
/** One text in so many has no vector. */
const BAD_TEXTS = 50
/** The embedder changes its state this often. */
const SWITCH_MS = 2_000
const EXHAUST_EVERY_MS = 5_000
const EXHAUSTED_MS = 1_500
const FROZEN_SECONDS = 3
const PAYMENT_MS = 45_000
/** A heartbeat that is late by more was held up by a freeze. */
const LATE_MS = 1_000
const HEARTBEAT_MS = 100

/** What the traffic met. */
export interface FaultyTraffic {
  readonly calls: number
  readonly acknowledged: number
  /** Texts that were acknowledged, and are not there as they were said. */
  readonly lost: ReadonlyArray<string>
  /** Failures by their reason; another thrown value by its text. */
  readonly failures: { readonly [reason: string]: number }
  /** Of `failures`: those without a type. */
  readonly untyped: number
  /** Answers that said that meaning was missing. */
  readonly degraded: number
  /** Milliseconds of the longest call, freezes left out. */
  readonly longestMs: number
  /** Memories without a vector at the end, and those whose text has none. */
  readonly owed: number
  readonly bad: number
}

/** Counts the milliseconds in which the process stood still. */
const watchFreezes = () => {
  let frozenMs = 0
  let last = performance.now()
  const timer = setInterval(() => {
    const lateMs = performance.now() - last - HEARTBEAT_MS
    if (lateMs > LATE_MS) frozenMs += lateMs
    last = performance.now()
  }, HEARTBEAT_MS)
  return { frozenMs: () => frozenMs, stop: () => clearInterval(timer) }
}

/** Stops this process for some seconds, as a closed laptop or a paused container does. */
const freeze = (): void => {
  const pid = String(process.pid)
  spawn("sh", ["-c", `kill -STOP ${pid}; sleep ${FROZEN_SECONDS}; kill -CONT ${pid}`], { stdio: "ignore" })
}

const MODES: ReadonlyArray<FaultyEmbedder["mode"]> = ["up", "down", "up", "hangs"]

/** Runs the faults until `end`, in milliseconds of `performance.now()`. */
const runFaults = async (
  faulty: FaultyEmbedder,
  exhaust: (forMs: number) => Promise<void>,
  freezes: number,
  end: number
) => {
  const start = performance.now()
  const faults = { switches: 0, exhausted: 0, frozen: 0 }
  while (performance.now() < end) {
    await wait(SWITCH_MS)
    faulty.mode = MODES[++faults.switches % MODES.length] ?? "up"
    const passed = performance.now() - start
    if (passed > (faults.exhausted + 1) * EXHAUST_EVERY_MS) {
      faults.exhausted++
      void exhaust(EXHAUSTED_MS)
    }
    if (passed > ((faults.frozen + 1) * (end - start)) / (freezes + 1) && faults.frozen < freezes) {
      faults.frozen++
      freeze()
    }
  }
  faulty.mode = "up"
}

/** The texts that each user was told are kept, by id. */
type Kept = ReadonlyArray<Map<string, string>>

const findLost = async (client: MemoryClient, kept: Kept): Promise<ReadonlyArray<string>> => {
  const lost: Array<string> = []
  for (const [user, texts] of kept.entries()) {
    const memory = client.for(makeScope(user))
    for (const [id, text] of texts) {
      const found = await memory.get(id)
      if (found?.content !== text) lost.push(text)
    }
  }
  return lost
}

/** What is owed is paid in the background. Waits for that, as long as an embedder that hung may hold it up. */
const awaitPayment = async (client: MemoryClient, bad: number): Promise<number> => {
  const end = performance.now() + PAYMENT_MS
  for (;;) {
    let owed = 0
    for (let user = 0; user < USERS; user++) owed += (await client.for(makeScope(user)).stats()).owed
    if (owed <= bad || performance.now() > end) return owed
    await wait(500)
  }
}

/**
 * @param exhaust takes every connection of the store for some milliseconds
 * @param freezes how often the process is stopped for three seconds
 */
export const faultyTraffic = async (
  store: StoreLayer,
  seconds: number,
  { exhaust, freezes }: { readonly exhaust: (forMs: number) => Promise<void>; readonly freezes: number }
): Promise<FaultyTraffic> => {
  const faulty = faultyEmbedder()
  await using client = await promiseClient(
    AgentMemory.layer({ purgeEvery: false, deadlineMs: DEADLINE_MS }).pipe(
      Layer.provideMerge(store),
      Layer.provide(Embedder.layer(faulty.provider))
    )
  )
  const kept: Kept = Array.from({ length: USERS }, () => new Map<string, string>())
  const failures = new Map<string, number>()
  const random = sequence(7)
  const watch = watchFreezes()
  const totals = { calls: 0, degraded: 0, longestMs: 0, bad: 0, untyped: 0 }

  const remember = async (user: number, round: number) => {
    const isBad = round % BAD_TEXTS === 0
    const text = `${makeText({ user, index: round })}${isBad ? ` ${UNEMBEDDABLE}` : ""}`
    const { id } = await client.for(makeScope(user)).remember(text)
    if (id !== null) kept[user]?.set(id, text)
    if (isBad) totals.bad++
  }
  const exchange = async (user: number, round: number) => {
    const said = makeText({ user, index: round })
    const texts = [said, said.toUpperCase()]
    const stored = await client
      .for(makeScope(user))
      .rememberExchange({ user: said, assistant: said.toUpperCase(), sessionId: `chat-${round % 5}` })
    stored.forEach(({ id }, i) => {
      if (id !== null) kept[user]?.set(id, texts[i] ?? "")
    })
  }
  const call = async (user: number, dice: number, round: number): Promise<void> => {
    const memory = client.for(makeScope(user))
    if (dice < 0.4) await remember(user, round)
    else if (dice < 0.5) await exchange(user, round)
    else {
      const answer =
        dice < 0.85
          ? await memory.recall(makeQuery(user, round))
          : await memory.context(makeQuery(user, round))
      if (answer.degraded) totals.degraded++
    }
  }
  const count = (error: unknown): void => {
    const isTyped = error instanceof MemoryError
    const reason = isTyped ? error.reason._tag : String(error)
    if (!isTyped) totals.untyped++
    failures.set(reason, (failures.get(reason) ?? 0) + 1)
  }
  const end = performance.now() + seconds * 1_000
  const callUntilEnd = async (): Promise<void> => {
    while (performance.now() < end) {
      const [start, frozen] = [performance.now(), watch.frozenMs()]
      const round = totals.calls++
      await call(Math.floor(random() * USERS), random(), round).catch(count)
      const elapsedMs = performance.now() - start
      // After a freeze the answer may come before the heartbeat.
      if (elapsedMs > LATE_MS) await wait(HEARTBEAT_MS)
      totals.longestMs = Math.max(totals.longestMs, elapsedMs - (watch.frozenMs() - frozen))
    }
  }
  await Promise.all([
    runFaults(faulty, exhaust, freezes, end),
    ...Array.from({ length: CALLERS }, callUntilEnd)
  ])
  watch.stop()
  const owed = await awaitPayment(client, totals.bad)
  return {
    ...totals,
    acknowledged: kept.reduce((sum, { size }) => sum + size, 0),
    lost: await findLost(client, kept),
    failures: Object.fromEntries(failures),
    owed
  }
}
