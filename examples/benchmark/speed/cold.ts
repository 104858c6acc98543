/** A new process for one question: opening and the first recall, beside stores of vectors that open and search. */
import { join } from "node:path"
import { makeVector, queryVector } from "./data.ts"
import { withFolder } from "./folder.ts"
import { timing } from "./measure.ts"
import type { Cold } from "./million/cold.ts"
import { fill, openEmbedded } from "./opened.ts"
import { ownProcess } from "./ownProcess.ts"
import { installPeer, type PeerName, PEERS } from "./peers/installPeers.ts"
import { openPeer } from "./peers/Peer.ts"
import { reported, type Row, unmeasured } from "./Row.ts"
import type { Settings } from "./Settings.ts"
import { measureStarts } from "./starts.ts"

/** LangGraph's store is in memory: a new process has nothing. */
const NAMES = ["sqlite-vec", "libsql", "lancedb"] as const satisfies ReadonlyArray<PeerName>
const COLD = new URL("million/cold.ts", import.meta.url)
const PROCESSES = 5

const askOurs = async (path: string): Promise<number> => {
  const { found, openMs, recallMs } = await ownProcess<Cold>(COLD, path, "0")
  if (found === 0) throw new Error("the first recall found nothing")
  return openMs + recallMs
}

const askPeer = async (name: PeerName, file: string): Promise<number> => {
  const peer = await openPeer(name, file)
  const ms = peer.openMs + (await peer.search(0, queryVector(0, 0)))
  await peer.close()
  return ms
}

const measure = (rows: number): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => {
    const path = join(folder, "keepsake.db")
    const ours = await openEmbedded(path)
    await fill(ours, 0, 0, rows)
    await ours.close()
    const name = `a new process: opening and first recall, ${rows.toLocaleString("en-US")} memories of one user`
    const first = await askOurs(path)
    const failed: Array<Row> = []
    const files = new Map<PeerName, string>()
    for (const peer of NAMES) {
      try {
        await installPeer(peer)
        const file = join(folder, peer)
        const opened = await openPeer(peer, file)
        await opened.fill(
          0,
          Array.from({ length: rows }, (_, index) => makeVector({ user: 0, index }))
        )
        await opened.close()
        files.set(peer, file)
      } catch (error) {
        const note = String(error).slice(0, 200)
        failed.push(unmeasured({ name, unit: "ms", against: PEERS[peer][0], bar: "", note }))
      }
    }
    // Until the file has its blocks.
    for (let i = 0; i < PROCESSES; i++) await askOurs(path)
    const taken = new Map<string, Array<number>>()
    const note = (side: string, ms: number) => taken.set(side, [...(taken.get(side) ?? []), ms])
    for (let i = 0; i < PROCESSES; i++) {
      note("keepsake", await askOurs(path))
      for (const [peer, file] of files) note(peer, await askPeer(peer, file))
    }
    const value = timing(taken.get("keepsake") ?? []).median
    return [
      reported({ name: `${name}, before the file has blocks`, value: first, unit: "ms" }),
      ...Array.from(files.keys(), (peer) =>
        reported({
          name,
          value,
          unit: "ms",
          against: `${PEERS[peer][0]}, vectors alone`,
          baseline: timing(taken.get(peer) ?? []).median,
          note: "imports are not counted, on either side"
        })
      ),
      ...failed
    ]
  })

export const rows = async ({ quick }: Settings): Promise<ReadonlyArray<Row>> => {
  const measured: Array<ReadonlyArray<Row>> = []
  for (const size of quick ? [1_000] : [1_000, 10_000, 100_000]) measured.push(await measure(size))
  return [...(await measureStarts(quick ? 3 : 15)), ...measured.flat()]
}
