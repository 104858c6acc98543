import { fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { stubVector } from "../data.ts"
import { mem0Folder, peerNode } from "./installMem0.ts"

/** The peer with its default store in separate files, without a model, telemetry or network. */
export interface Mem0 {
  /** Milliseconds. */
  readonly add: (user: string, texts: ReadonlyArray<string>) => Promise<number>
  /** Milliseconds, measured in the peer's process. */
  readonly search: (user: string, query: string) => Promise<number>
  readonly close: () => Promise<void>
}

type Answer = { readonly ms: number; readonly results: number } | { readonly error: string }

export const openMem0 = async (folder: string): Promise<Mem0> => {
  const child = fork(
    fileURLToPath(new URL("child.mjs", import.meta.url)),
    [join(mem0Folder, "node_modules", "mem0ai"), folder],
    {
      execPath: peerNode(),
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      serialization: "json"
    }
  )
  const exited = once(child, "exit")
  const readAnswer = async (): Promise<number> => {
    const answer = await Promise.race([
      once(child, "message").then(([message]) => message as Answer),
      exited.then(([code, signal]): Answer => ({ error: `it exited with ${code ?? signal}` }))
    ])
    if ("error" in answer) throw new Error(`The peer failed: ${answer.error}`)
    return answer.ms
  }
  const ask = (message: object, texts: ReadonlyArray<string>): Promise<number> => {
    const answer = readAnswer()
    child.send({ ...message, vectors: texts.map((text) => [text, Array.from(stubVector(text))]) })
    return answer
  }
  await readAnswer()
  return {
    add: (user, texts) => ask({ add: texts, user }, texts),
    search: (user, query) => ask({ search: query, user }, [query]),
    close: async () => {
      child.disconnect()
      child.kill()
      await exited
    }
  }
}
