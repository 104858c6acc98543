import type { AgentMemoryOptions, BeforeWrite, Memory, PromiseMemory, WriteCandidate } from "@keepsake/core"
import { afterEach, assert, describe, it } from "vitest"
import { bothFaces } from "../support/bothFaces.ts"
import { countedStore, exported, MARK, readProblem, readReason, redact, SECRET } from "../support/gate.ts"

let close: () => Promise<void> = () => Promise.resolve()
afterEach(async () => close())

type Door = readonly [
  door: WriteCandidate["door"],
  count: number,
  write: (user: PromiseMemory, text: string, id: string) => Promise<unknown>
]

/** Each writes `text`; `count` candidates are shown to the hook. */
const DOORS: ReadonlyArray<Door> = [
  ["remember", 1, (user, text) => user.remember({ content: text, metadata: { at: text } })],
  ["rememberMany", 2, (user, text) => user.rememberMany(["first", { content: text, sessionId: "s" }])],
  [
    "rememberExchange",
    2,
    (user, text) => user.rememberExchange({ user: "hi", assistant: text, sessionId: "s" })
  ],
  ["supersede", 1, (user, text, id) => user.supersede(id, text)],
  ["update", 1, (user, text, id) => user.update(id, { metadata: { at: text } })],
  ["import", 1, (user, text) => user.import([exported(text)])],
  [
    "appendEntries",
    1,
    (user, text) => user.appendEntries([{ sessionId: "s", kind: "history", number: 0, content: text }])
  ]
]

const everything = async (user: PromiseMemory): Promise<string> => {
  const { rows } = await user.list({ includeSuperseded: true })
  return JSON.stringify([rows, await user.entries({ sessionId: "s", kind: "history" })])
}

describe.each(bothFaces)("beforeWrite, by %s", (_, openFace) => {
  const open = async (options: AgentMemoryOptions) => {
    const writes: Array<string> = []
    const face = await openFace(countedStore(writes), options)
    close = face.close
    return { user: face.memory({ userId: "ana" }), writes }
  }

  /** A memory with one statement in it, whose hook is `hook` from then on. */
  const openWith = async (hook: BeforeWrite, options: AgentMemoryOptions = {}) => {
    let current: BeforeWrite = (candidate) => candidate
    const opened = await open({ ...options, beforeWrite: (candidate, signal) => current(candidate, signal) })
    const { id } = await opened.user.remember("what was there")
    assert.isNotNull(id)
    current = hook
    opened.writes.length = 0
    return { ...opened, id, before: await everything(opened.user) }
  }

  describe.each(DOORS)("at %s", (door, count, write) => {
    it("sees what is about to be kept, and keeps what it gives back", async () => {
      const seen: Array<WriteCandidate> = []
      const { id, user } = await openWith((candidate, signal) => {
        assert.isFalse(signal.aborted)
        seen.push(candidate)
        return redact(candidate, signal)
      })
      await write(user, `The token is ${SECRET}, keep it.`, id)
      assert.strictEqual(seen.length, count)
      for (const candidate of seen) {
        assert.strictEqual(candidate.door, door)
        assert.deepStrictEqual(candidate.scope, { agentId: "tutor", userId: "ana" })
        assert.strictEqual(candidate.entryKind, door === "appendEntries" ? "history" : null)
      }
      const all = await everything(user)
      assert.notInclude(all, SECRET)
      assert.include(all, MARK)
    })

    it("keeps nothing of what it drops", async () => {
      const { before, id, user, writes } = await openWith(() => "dropped")
      await write(user, "a text", id)
      assert.strictEqual(await everything(user), before)
      assert.deepStrictEqual(writes, [])
    })

    const FAULTS: ReadonlyArray<readonly [string, BeforeWrite, string]> = [
      ["refuses", () => ({ refused: "holds a token" }), "refused"],
      ["quotes what it refuses", ({ content }) => ({ refused: `no: ${content}` }), "refused"],
      [
        "throws",
        ({ content }) => {
          throw new Error(content)
        },
        "failed"
      ],
      ["rejects", () => Promise.reject(new Error("away")), "failed"],
      ["never answers", () => new Promise(() => {}), "timeout"],
      ["returns nothing", () => undefined as never, "badAnswer"],
      ["returns a text", ({ content }) => content as never, "badAnswer"],
      ["gives no reason", () => ({ refused: "" }), "badAnswer"],
      ["returns a part", ({ content }) => ({ content }) as never, "badAnswer"],
      ["adds a field", (candidate) => ({ ...candidate, importance: 1 }), "badAnswer"],
      ["gives metadata that is no JSON", (c) => ({ ...c, metadata: { a: () => 1 } as never }), "badAnswer"],
      ["moves it to another scope", (c) => ({ ...c, scope: { ...c.scope, userId: "eve" } }), "badAnswer"],
      [
        "changes the scope in place",
        (candidate) => {
          Object.assign(candidate.scope, { userId: "eve" })
          return candidate
        },
        "badAnswer"
      ],
      ...(["key", "sessionId", "turn", "source", "type", "entryKind", "door"] as const).map(
        (field): readonly [string, BeforeWrite, string] => [
          `changes ${field}`,
          (candidate) => ({ ...candidate, [field]: "x" }) as never,
          "badAnswer"
        ]
      )
    ]

    it.each(FAULTS)("stores nothing when it %s", async (_name, hook, problem) => {
      // Everything before the last candidate is let through: what comes first is not kept either.
      let calls = 0
      const { before, id, user, writes } = await openWith(
        (candidate, signal) => (++calls < count ? candidate : hook(candidate, signal)),
        { beforeWriteTimeoutMs: problem === "timeout" ? 20 : 60_000 }
      )
      assert.strictEqual(await readProblem(write(user, `The token is ${SECRET}, keep it.`, id)), problem)
      assert.strictEqual(await everything(user), before)
      assert.deepStrictEqual(writes, [])
    })
  })

  it("names the field that is not its to change", async () => {
    const { user } = await openWith((candidate) => ({ ...candidate, turn: 7 }))
    const { message } = await readReason(user.remember("x"))
    assert.include(message, "turn: is not the hook's to change")
  })

  it("says which of several it refused, and whether to try again", async () => {
    const { user } = await openWith(({ content }) =>
      content === "b"
        ? { refused: "no b" }
        : Promise.reject(Object.assign(new Error("x"), { isRetryable: false }))
    )
    const refused = await readReason(user.rememberMany(["b", "b"]))
    assert.match(refused.message, /^\[[01]\]: Refused by beforeWrite: no b\. /u)
    assert.isFalse(refused.isRetryable)
    const failed = await readReason(user.remember("c"))
    assert.isFalse(failed.isRetryable)
    assert.instanceOf(failed.cause, Error)
  })

  it("makes one memory of a redacted text said again, and leaves keys their rows", async () => {
    const other = `ghp_${"Zx9".repeat(12)}`
    const { user } = await openWith(redact)
    const first = await user.remember(`The token is ${SECRET}`)
    assert.strictEqual(first.outcome, "created")
    const second = await user.remember(`The token is ${other}`)
    assert.deepStrictEqual(second, { id: first.id, outcome: "refreshed" })
    assert.deepStrictEqual(await user.remember(`The token is ${MARK}`), {
      id: first.id,
      outcome: "refreshed"
    })
    const keyed = await user.remember({ content: `Keyed ${SECRET}`, key: "k" })
    const again = await user.remember({ content: `Keyed ${other}`, key: "k" })
    assert.deepStrictEqual(again, { id: keyed.id, outcome: "refreshed" })
    assert.strictEqual((await user.get(keyed.id ?? ""))?.key, "k")
  })

  it("changes the speaker, of whom the id is made too", async () => {
    const { user } = await openWith((candidate) => ({ ...candidate, speaker: "someone" }))
    const one = await user.remember({ content: "Tea, please", speaker: "Ana Lima" })
    const two = await user.remember({ content: "Tea, please", speaker: "Bo Berg" })
    assert.deepStrictEqual(two, { id: one.id, outcome: "refreshed" })
    assert.strictEqual((await user.get(one.id ?? ""))?.speaker, "someone")
  })

  it("answers in the order of the statements, with no id for what was dropped", async () => {
    const { user } = await openWith((candidate) =>
      candidate.content.startsWith("x") ? "dropped" : candidate
    )
    const outcomes = await user.rememberMany(["x1", "a", { content: "x2", sessionId: "s" }, "a"])
    assert.deepStrictEqual(
      outcomes.map(({ outcome }) => outcome),
      ["dropped", "created", "dropped", "refreshed"]
    )
    assert.deepStrictEqual(outcomes[0], { id: null, outcome: "dropped" })
    assert.strictEqual(await user.nextTurn("s"), 0)
    assert.deepStrictEqual(await user.remember("x3"), { id: null, outcome: "dropped" })
  })

  it.each([undefined, 4])("keeps the other half of an exchange, at turn %s", async (turn) => {
    const { user } = await openWith((candidate) =>
      candidate.content.startsWith("x") ? "dropped" : candidate
    )
    const lost = await user.rememberExchange({ user: "x", assistant: "Fine.", sessionId: "s", turn })
    assert.deepStrictEqual(
      lost.map(({ outcome }) => outcome),
      ["dropped", "created"]
    )
    assert.strictEqual((await user.get(lost[1]?.id ?? ""))?.turn, (turn ?? 0) + 1)
    const next = await user.rememberExchange({ user: "Hello", assistant: "x", sessionId: "t", turn })
    assert.deepStrictEqual(
      next.map(({ outcome }) => outcome),
      ["created", "dropped"]
    )
    assert.strictEqual((await user.get(next[0]?.id ?? ""))?.turn, turn ?? 0)
  })

  it("sees the whole answer of an exchange, so that no secret is cut in two", async () => {
    const { user } = await openWith(redact)
    const [, answer] = await user.rememberExchange({
      user: "hi",
      assistant: `${"word ".repeat(97)}${SECRET} and more`,
      sessionId: "s"
    })
    const { content = "" } = (await user.get(answer?.id ?? "")) ?? {}
    assert.strictEqual(content.length, 500)
    assert.notInclude(content, "ghp_")
  })

  it("takes back an answer of any length and any ending, since its beginning alone is kept", async () => {
    const { user } = await openWith((candidate) => candidate)
    for (const assistant of ["word ".repeat(60_000), `${"word ".repeat(200)}\u0000`]) {
      const [, answer] = await user.rememberExchange({ user: "hi", assistant, sessionId: "s" })
      const { content } = (await user.get(answer?.id ?? "")) ?? {}
      assert.strictEqual(content, "word ".repeat(100))
    }
    const blank = await openWith((candidate) => ({ ...candidate, content: " " }))
    const exchange = { user: "hi", assistant: "x", sessionId: "s" }
    assert.strictEqual(await readProblem(blank.user.rememberExchange(exchange)), "badAnswer")
  })

  it("leaves the old memory current when its successor is dropped", async () => {
    const { id, user } = await openWith(() => "dropped")
    assert.deepStrictEqual(await user.supersede(id, "what is so now"), {
      id: null,
      outcome: "dropped",
      supersededId: id,
      closed: false
    })
    assert.strictEqual((await user.get(id))?.supersededBy, null)
  })

  it("drops the metadata of an update and keeps the rest of it, and sees no other update", async () => {
    let calls = 0
    const { id, user } = await openWith((candidate) => {
      calls++
      assert.deepInclude(candidate, { content: "", speaker: null, source: "user", type: "episodic" })
      return "dropped"
    })
    const changed = await user.update(id, { metadata: { a: 1 }, pinned: true })
    assert.deepInclude(changed, { pinned: true, metadata: {} })
    await user.update(id, { pinned: false })
    assert.strictEqual(calls, 1)
    assert.strictEqual((await readReason(user.update("nope", { metadata: {} })))._tag, "NotFound")
  })

  it("counts what an import drops, and links what it redacts", async () => {
    const { user } = await openWith((candidate, signal) =>
      candidate.content.startsWith("x") ? "dropped" : redact(candidate, signal)
    )
    const target = { agentId: "tutor", userId: "ana" }
    const ids = [1, 2, 3, 4].map((n) => `${n}1111111-1111-5111-8111-111111111111`)
    const [a = "", b = "", c = "", d = ""] = ids
    const memories = [
      exported(`Old ${SECRET}`, { id: a, supersededBy: b, validity: [{ from: 1, to: 2 }] }),
      exported("New", { id: b }),
      exported("x", { id: c }),
      exported(`Keyed ${SECRET}`, { id: d, key: "k" }),
      exported("gone", { id: "51111111-1111-5111-8111-111111111111", expiresAt: 2 })
    ]
    const counts = { created: 3, known: 0, conflicting: 0, expired: 1, dropped: 1 }
    assert.deepStrictEqual(await user.import(memories), counts)
    assert.deepStrictEqual(await user.import(memories), { ...counts, created: 0, known: 3 })
    const rows = (await user.list({ includeSuperseded: true })).rows.filter(({ saidAt }) => saidAt === 1)
    const old = rows.find(({ content }) => content === `Old ${MARK}`)
    assert.strictEqual(rows.find(({ id }) => id === old?.supersededBy)?.content, "New")
    const keyed = await user.remember({ content: `Keyed ${SECRET}`, key: "k", type: "semantic" })
    assert.strictEqual(keyed.outcome, "refreshed")
    for (const row of rows) assert.deepStrictEqual(row.scope, target)
  })

  it("keeps what is so now where redacting makes one of an import's memory and its successor", async () => {
    const { user } = await openWith(redact)
    const first = await user.remember({ content: `The token is ${SECRET}`, type: "semantic", saidAt: 1 })
    await user.forgetAll()
    const id = first.id ?? ""
    const next = "21111111-1111-5111-8111-111111111111"
    const closed = { supersededBy: next, validity: [{ from: 1, to: 2 }] }
    const made = (content: string, over: Partial<Memory>) =>
      exported(content, { scope: { agentId: "tutor", userId: "ana" }, ...over })
    for (const order of [0, 1]) {
      const pair = [
        made(`The token is ${MARK}`, { id: next }),
        made(`The token is ${MARK}`, { id, ...closed })
      ]
      const merged = pair.map((memory) => ({ ...memory, id }))
      const { created } = await user.import(order === 0 ? merged : merged.toReversed())
      assert.strictEqual(created, 1)
      const memory = await user.get(id)
      assert.strictEqual(memory?.supersededBy, null)
      assert.strictEqual(memory?.validity.at(-1)?.to, null)
      await user.forgetAll()
    }
  })

  it("changes entries of the user and of tools, and keeps a reply as it is or not at all", async () => {
    const { user } = await openWith(redact)
    const entry = (number: number, source: "user" | "assistant" | "tool") =>
      ({ sessionId: "s", kind: "history", number, content: `It is ${SECRET}`, source }) as const
    assert.deepStrictEqual(await user.appendEntries([entry(0, "user"), entry(1, "tool")]), {
      appended: 2,
      dropped: 0
    })
    const { message } = await readReason(user.appendEntries([entry(2, "assistant")]))
    assert.include(message, "content: is not the hook's to change")
    const contents = (await user.entries({ sessionId: "s", kind: "history" })).map(({ content }) => content)
    assert.deepStrictEqual(contents, [`It is ${MARK}`, `It is ${MARK}`])
    // Said again after a lost answer: the same entries, no conflict.
    await user.appendEntries([entry(0, "user")])
  })

  it("drops single entries", async () => {
    const { user } = await openWith(({ source, ...rest }) =>
      source === "assistant" ? "dropped" : { source, ...rest }
    )
    const counts = await user.appendEntries([
      { sessionId: "s", kind: "history", number: 0, content: "asked", source: "user" },
      { sessionId: "s", kind: "history", number: 1, content: "answered", source: "assistant" }
    ])
    assert.deepStrictEqual(counts, { appended: 1, dropped: 1 })
    const kept = await user.entries({ sessionId: "s", kind: "history" })
    assert.deepStrictEqual(
      kept.map(({ number }) => number),
      [0]
    )
  })

  it("is not shown what is refused anyway", async () => {
    let calls = 0
    const { user } = await openWith((candidate) => {
      calls++
      return candidate
    })
    await readReason(user.remember(""))
    await readReason(user.rememberMany(["fine", { content: "x", turn: 1 }]))
    await readReason(user.rememberExchange({ user: "", assistant: "x", sessionId: "s" }))
    assert.strictEqual(calls, 0)
  })

  it("aborts its signal at the deadline", async () => {
    let aborted = false
    const { user } = await openWith(
      (_candidate, signal) =>
        new Promise(() => {
          signal.addEventListener("abort", () => {
            aborted = true
          })
        }),
      { beforeWriteTimeoutMs: 10 }
    )
    assert.strictEqual(await readProblem(user.remember("x")), "timeout")
    assert.isTrue(aborted)
  })

  it("does not let a write land that waited for it while everything was forgotten", async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { user, writes } = await openWith(async (candidate) => {
      await promise
      return candidate
    })
    const write = readReason(user.remember("late"))
    await user.forgetAll()
    resolve()
    assert.strictEqual((await write)._tag, "Conflict")
    assert.deepStrictEqual(writes, [])
  })

  it.each([
    [{ beforeWrite: "redact" as never }, "beforeWrite"],
    [{ beforeWriteTimeoutMs: 0 }, "beforeWriteTimeoutMs"]
  ])("refuses options that cannot be used: %o", async (options, field) => {
    const reason = await readReason(open(options))
    assert.deepInclude(reason, { _tag: "InvalidInput", field })
  })
})
