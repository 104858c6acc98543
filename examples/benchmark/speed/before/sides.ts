/** Two processes, one with the sources of an earlier commit, that are asked in turn. */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"

type Name = "before" | "now"

interface Side {
  readonly name: Name
  readonly child: ChildProcess
}

const OWN = fileURLToPath(new URL("../../../..", import.meta.url))

const start = async (
  name: Name,
  script: URL,
  checkout: string,
  args: ReadonlyArray<string>
): Promise<Side> => {
  const child = fork(fileURLToPath(script), [checkout, ...args])
  await once(child, "message")
  return { name, child }
}

/** The other checkout and this one: each answers a `Task` with what it took. */
export class Sides<Task extends object, Taken> {
  readonly #sides: ReadonlyArray<Side>

  private constructor(sides: ReadonlyArray<Side>) {
    this.#sides = sides
  }

  /** @param args what follows the checkout's folder, by side */
  static async start<Task extends object, Taken>(
    script: URL,
    checkout: string,
    args: (name: Name) => ReadonlyArray<string>
  ): Promise<Sides<Task, Taken>> {
    return new Sides([
      await start("before", script, resolve(checkout), args("before")),
      await start("now", script, OWN, args("now"))
    ])
  }

  /** Asks both, one after the other, and the other one first the next time. */
  async askInTurn(tasks: ReadonlyArray<Task>): Promise<{ readonly [name in Name]: ReadonlyArray<Taken> }> {
    const taken: { readonly [name in Name]: Array<Taken> } = { before: [], now: [] }
    for (const [turn, task] of tasks.entries()) {
      const order = turn % 2 === 0 ? this.#sides : this.#sides.toReversed()
      for (const { child, name } of order) {
        const answer = once(child, "message")
        child.send(task)
        const [own] = (await answer) as [Taken]
        taken[name].push(own)
      }
    }
    return taken
  }

  end(): void {
    for (const { child } of this.#sides) child.disconnect()
  }
}
