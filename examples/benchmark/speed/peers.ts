/** Users in turn, and one user, beside stores of vectors: their search of vectors alone, our whole recall. */
import { join } from "node:path"
import { makeQuery, makeScope, makeStatement, makeVector, prepareVectors, queryVector } from "./data.ts"
import { withFolder } from "./folder.ts"
import { interleaved, type Operation, type Timing } from "./measure.ts"
import { type Opened as Embedded, openEmbedded } from "./opened.ts"
import { installPeer, type PeerName, PEERS } from "./peers/installPeers.ts"
import { openPeer, type Peer } from "./peers/Peer.ts"
import { atMost, reported, type Row, unmeasured } from "./Row.ts"
import type { Settings } from "./Settings.ts"

/** Memories, users, and how many times as long as sqlite-vec a recall may take with users in turn. */
interface Size {
  readonly total: number
  readonly users: number
  readonly times: number
}

const SMALL: Size = { total: 10_000, users: 10, times: 1.8 }
const LARGE: ReadonlyArray<Size> = [10, 100, 1_000].map((users) => ({ total: 100_000, users, times: 2.5 }))

/** Rows of a peer's transaction, as ours. */
const BATCH = 256
const ROUNDS = 200

const vectorsOf = (user: number, from: number, to: number): ReadonlyArray<Float32Array> =>
  Array.from({ length: to - from }, (_, i) => makeVector({ user, index: from + i }))

/** @returns milliseconds of the peer's own */
const fillPeer = async (peer: Peer, user: number, rows: number): Promise<number> => {
  let ms = 0
  for (let from = 0; from < rows; from += BATCH) {
    ms += await peer.fill(user, vectorsOf(user, from, Math.min(rows, from + BATCH)))
  }
  return ms
}

/** Texts and vectors are made before, as the peer's vectors are. @returns milliseconds */
const fillOurs = async (ours: Embedded, user: number, rows: number): Promise<number> => {
  const scoped = ours.client.for(makeScope(user))
  let ms = 0
  for (let from = 0; from < rows; from += BATCH) {
    const statements = Array.from({ length: Math.min(BATCH, rows - from) }, (_, i) =>
      makeStatement({ user, index: from + i })
    )
    prepareVectors(statements.map(({ content }) => content))
    const start = performance.now()
    await scoped.rememberMany(statements)
    ms += performance.now() - start
  }
  return ms
}

type Opened = Partial<Record<PeerName, Peer>>

/** The peers that could be installed, and why the others could not. */
const openPeers = async (names: ReadonlyArray<PeerName>, folder: string) => {
  const peers: Opened = {}
  const failures: Partial<Record<PeerName, string>> = {}
  for (const name of names) {
    try {
      await installPeer(name)
      peers[name] = await openPeer(name, join(folder, name))
    } catch (error) {
      failures[name] = String(error).slice(0, 200)
    }
  }
  return { peers, failures }
}

const toRow = (size: Size, turn: string, peer: PeerName, ours: Timing, theirs: Timing): Row => {
  const compared = {
    name: `${turn}, ${size.total.toLocaleString("en-US")} memories of ${size.users} users, recall`,
    value: ours.median,
    unit: "ms",
    against: `${PEERS[peer][0]}, vectors alone`,
    baseline: theirs.median,
    note: `p99 ${ours.p99.toFixed(1)} ms against ${theirs.p99.toFixed(1)}`
  }
  return turn === IN_TURN && peer === "sqlite-vec" ? atMost(compared, size.times) : reported(compared)
}

const IN_TURN = "users in turn"
/** Other rounds before those that are measured: code is compiled, and the budget used up. */
const LONG = 1_000
const IN_TURN_LONG = "users in turn, a thousand questions later"
const ONE_USER = "one user"

const measure = (size: Size, names: ReadonlyArray<PeerName>): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => {
    const { failures, peers } = await openPeers(names, folder)
    const ours = await openEmbedded(join(folder, "keepsake.db"))
    const each = size.total / size.users
    const opened = Object.entries(peers) as ReadonlyArray<[PeerName, Peer]>
    const filling = new Map<string, number>()
    const count = (name: string, ms: number) => filling.set(name, (filling.get(name) ?? 0) + ms)
    for (let user = 0; user < size.users; user++) {
      count("keepsake", await fillOurs(ours, user, each))
      for (const [name, peer] of opened) count(name, await fillPeer(peer, user, each))
    }
    const compare = async (
      turn: string,
      toUser: (round: number) => number,
      warmup: number,
      from = 0
    ): Promise<ReadonlyArray<Row>> => {
      const operations: Record<string, Operation> = {
        keepsake: (round) => {
          const user = toUser(round)
          const query = makeQuery(user, from + round)
          return ours.client.for(makeScope(user)).recall(query, { minScore: 0, limit: 10 })
        }
      }
      for (const [name, peer] of opened) {
        operations[name] = async (round) => {
          const user = toUser(round)
          return { ms: await peer.search(user, queryVector(user, from + round)) }
        }
      }
      const timings = await interleaved(operations, { rounds: ROUNDS, warmup, block: 20, budgetMs: 60_000 })
      return opened.flatMap(([name]) => {
        const [our, their] = [timings["keepsake"], timings[name]]
        return our === undefined || their === undefined ? [] : toRow(size, turn, name, our, their)
      })
    }
    const warmup = Math.max(20, 2 * Math.min(size.users, 100))
    const inTurn = (round: number) => round % size.users
    const users = [
      ...(await compare(IN_TURN, inTurn, warmup)),
      ...(await compare(IN_TURN_LONG, inTurn, LONG, warmup + ROUNDS)),
      ...(await compare(ONE_USER, () => 0, warmup))
    ]
    await ours.close()
    for (const [, peer] of opened) await peer.close()
    const filled = opened.map(([name]) =>
      reported({
        name: `filling ${size.total.toLocaleString("en-US")} of ${size.users} users`,
        value: (filling.get("keepsake") ?? 0) / 1_000,
        unit: "s",
        against: `${PEERS[name][0]}, vectors alone`,
        baseline: (filling.get(name) ?? 0) / 1_000
      })
    )
    const failed = (Object.keys(failures) as ReadonlyArray<PeerName>).map((name) =>
      unmeasured({ name: IN_TURN, unit: "ms", against: PEERS[name][0], bar: "", note: failures[name] ?? "" })
    )
    return [...users, ...filled, ...failed]
  })

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> => {
  const all = Object.keys(PEERS) as ReadonlyArray<PeerName>
  const measured = [await measure(quick ? { ...SMALL, total: 2_000 } : SMALL, all)]
  // The slower peers would take the most of an hour.
  if (!quick) for (const size of LARGE) measured.push(await measure(size, ["sqlite-vec"]))
  return measured.flat()
}
