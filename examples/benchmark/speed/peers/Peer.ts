import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { peerFolder, type PeerName } from "./installPeers.ts"

/** A peer in a process of its own, which measures itself. Times in milliseconds. */
export interface Peer {
  readonly openMs: number
  readonly fill: (user: number, vectors: ReadonlyArray<Float32Array>) => Promise<number>
  /** The best ten of the user's. */
  readonly search: (user: number, vector: Float32Array) => Promise<number>
  readonly close: () => Promise<void>
}

type Answer = { readonly ms: number; readonly found: number } | { readonly error: string }

/** @param file of the peer, or its folder; created if it is not there */
export const openPeer = async (name: PeerName, file: string): Promise<Peer> => {
  const child = fork(fileURLToPath(new URL("child.mjs", import.meta.url)), [name, peerFolder(name), file], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    serialization: "advanced"
  })
  const exited = once(child, "exit")
  const readAnswer = async () => {
    const answer = await Promise.race([
      once(child, "message").then(([message]) => message as Answer),
      exited.then(([code, signal]): Answer => ({ error: `it exited with ${code ?? signal}` }))
    ])
    if ("error" in answer) throw new Error(`${name} failed: ${answer.error}`)
    return answer
  }
  const ask = (fill: boolean, user: number, vectors: ReadonlyArray<Float32Array>) => {
    const answer = readAnswer()
    child.send({ fill, user, vectors: vectors.map(({ buffer }) => new Uint8Array(buffer)) })
    return answer
  }
  const { ms: openMs } = await readAnswer()
  return {
    openMs,
    fill: async (user, vectors) => (await ask(true, user, vectors)).ms,
    search: async (user, vector) => {
      const { found, ms } = await ask(false, user, [vector])
      if (found === 0) throw new Error(`${name} found nothing`)
      return ms
    },
    close: async () => {
      child.disconnect()
      child.kill()
      await exited
    }
  }
}
