/** The contents of the stores: every kind of row that the first version could write. */
import type { MemoryClient, PromiseMemory, Scope, Statement } from "@keepsake/core"
import { Effect } from "effect"
import { MemoryFiles } from "../../../packages/agent/src/MemoryFiles.ts"
import { type Kind, type Place, time, withMemory, withStore } from "./Place.ts"

const HOUR = 3_600_000
export const DAY = 24 * HOUR
export const START = 1_750_000_000_000
/** The time of the queries. */
export const NOW = START + 90 * DAY

export const ANA: Scope = { agentId: "assistant", userId: "ana" }
export const BO: Scope = { agentId: "assistant", userId: "bo@example.org" }
export const COACH: Scope = { agentId: "coach", userId: "ana" }
export const NAMED: Scope = { agentId: "assistant", userId: "名前 Ünal" }
export const ARCHIVE: Scope = { agentId: "archive", userId: "ana" }

const LONG = 20_000
const LARGE = 10_000

const FACTS: ReadonlyArray<string> = [
  "Ana lives in Lisbon, three streets from the river.",
  "Her sister Marta keeps bees near Coimbra.",
  "She is allergic to walnuts and carries an injector.",
  "The allotment's rota is kept in a blue notebook.",
  "She prefers a quiet seat by the window on trains.",
  "The landlord promised to repair the roof before winter.",
  "Her bicycle was stolen from the yard of the library.",
  "She works on harbour cranes as a safety engineer.",
  "PostgreSQL 17 runs the reports of her team.",
  "The choir rehearses on Thursdays at half past seven.",
  "Her passport expires in the spring of next year.",
  "The cat is called Bolota and hates the vacuum cleaner.",
  "She drinks her coffee without sugar.",
  "Bo will bring the tent to the lake in July.",
  "The dentist's number is on the fridge.",
  "She reads Pessoa aloud when she cannot sleep.",
  "Her budget for the kitchen is 4,200 euros.",
  "The neighbour upstairs plays the cello until ten.",
  "She votes in Porto, where her parents are registered.",
  "Sardines are grilled on the balcony in June."
]

const OTHER_SCRIPTS: ReadonlyArray<string> = [
  "安娜每天早上喝咖啡，不加糖。",
  "アナはリスボンの川の近くに住んでいる。",
  "Анна пьёт кофе без сахара и живёт у реки.",
  "آنا تشرب القهوة بدون سكر كل صباح.",
  "अना हर सुबह बिना चीनी की कॉफ़ी पीती है।",
  "Η Άννα πίνει καφέ χωρίς ζάχαρη.",
  "אנה שותה קפה בלי סוכר בבוקר.",
  "แอนนาดื่มกาแฟไม่ใส่น้ำตาลทุกเช้า",
  "Ana prefere o café sem açúcar, às vezes com canela.",
  "Emoji stay whole: 👩🏽‍🔬 met 🐝🐝 at the 🏡."
]

const TYPES = ["semantic", "episodic", "procedural"] as const
const SOURCES = ["user", "assistant", "tool", "system"] as const

const long = (): string => {
  const sentences = Array.from(
    { length: 400 },
    (_, i) =>
      `Paragraph ${i}: the ${["tide", "crane", "ledger", "lamp"][i % 4]} of berth ${i % 37} was inspected.`
  )
  return sentences.join(" ").slice(0, LONG)
}

const plain = (content: string, i: number): Statement => ({
  content,
  type: TYPES[i % 3],
  source: SOURCES[i % 5 === 0 ? 1 + (i % 3) : 0],
  importance: (i % 11) / 10,
  saidAt: START + i * HOUR,
  metadata: {
    topic: ["home", "work", "friends"][i % 3] ?? "home",
    floor: i % 4,
    urgent: i % 2 === 0,
    none: null,
    "address.city": i % 2 === 0 ? "Porto" : "Lisbon",
    address: { city: "Porto", lines: ["Rua 1", i] }
  }
})

/** Writes one statement per hour. */
const oneByOne = async (memory: PromiseMemory, statements: ReadonlyArray<string | Statement>) => {
  const ids: Array<string> = []
  for (const statement of statements) {
    time.now += HOUR
    ids.push((await memory.remember(statement)).id)
  }
  return (i: number): string => {
    const id = ids[i]
    if (id === undefined) throw new Error(`There is no statement ${i}`)
    return id
  }
}

const expect = (outcome: string, expected: string): void => {
  if (outcome !== expected) throw new Error(`outcome ${outcome}, expected ${expected}`)
}

const writeAnasRows = async (memory: PromiseMemory): Promise<void> => {
  const fact = await oneByOne(memory, FACTS.map(plain))
  await oneByOne(memory, [
    { content: "Ana's full name is Ana Luísa Ferreira.", pinned: true, type: "semantic", importance: 1 },
    { content: "Answer her in Portuguese when she writes in Portuguese.", pinned: true, type: "procedural" },
    { content: "Her birthday is the third of May.", pinned: true, importance: 0.9 }
  ])
  await oneByOne(memory, OTHER_SCRIPTS)
  await oneByOne(memory, [{ content: long(), source: "tool", metadata: { file: "berths.txt" } }])
  await oneByOne(memory, [
    { content: "The wifi password is on the router.", key: "wifi" },
    { content: "The spare key is with the baker.", key: "spare key", metadata: { checked: "x".repeat(300) } }
  ])
  await oneByOne(memory, [
    { content: "The lake will be too cold until June.", speaker: "Bo" },
    { content: "I sold my canoe to a man from Braga.", speaker: "Bo" },
    { content: "We should invite the whole choir.", speaker: "Marta" },
    { content: "Grilled sardines need coarse salt only.", speaker: "Ana" }
  ])
  await changes(memory, fact)
}

/** Closes, reopens, refreshes, changes and removes rows. */
const changes = async (memory: PromiseMemory, fact: (i: number) => string): Promise<void> => {
  const passing = await oneByOne(memory, [
    { content: "She parks on level two this week.", ttlDays: 7 },
    { content: "The lift is out of order.", ttlDays: 3 },
    { content: "The umbrella is at the office.", ttlDays: 5 },
    { content: "The season ticket is valid until autumn.", ttlDays: 400 }
  ])
  time.now += HOUR
  const moved = await memory.supersede(fact(0), "Ana lives in Porto, above a bakery.")
  time.now += DAY
  expect((await memory.supersede(moved.id, FACTS[0] ?? "")).outcome, "reopened")
  time.now += DAY
  await memory.supersede(fact(16), { content: "Her budget for the kitchen is 5,000 euros.", importance: 0.8 })
  await memory.supersede(fact(11), "The cat is called Castanha now.")
  time.now += 10 * DAY
  expect(
    (await memory.remember({ content: "The umbrella is at the office.", ttlDays: 365 })).outcome,
    "reopened"
  )
  expect((await memory.remember(plain(FACTS[4] ?? "", 4))).outcome, "refreshed")
  await memory.update(fact(5), { pinned: true, importance: 0.95 })
  await memory.update(fact(6), { metadata: { topic: "changed" }, ttlDays: 3_000 })
  await memory.forget([fact(14), fact(15)])
  if ((await memory.get(passing(1))) !== null) throw new Error("The lift's note has not expired")
}

const conversations = async (memory: PromiseMemory): Promise<void> => {
  const topics = ["the lake", "the choir", "the roof", "bees", "the passport", "walnuts"]
  for (let turn = 0; turn < 18; turn++) {
    time.now += HOUR
    const topic = topics[turn % topics.length] ?? ""
    await memory.rememberExchange({
      sessionId: ["monday", "tuesday", "週末"][turn % 3] ?? "",
      user: `What did we say about ${topic} in week ${turn}?`,
      assistant: turn % 7 === 6 ? "" : `That ${topic} can wait until week ${turn + 3}.`
    })
  }
  await oneByOne(memory, [
    { content: "Turn 40 stands alone, after a gap.", sessionId: "gap", turn: 40, speaker: "Ana" },
    { content: "Turn 42 is near it: bring the tent.", sessionId: "gap", turn: 42, speaker: "Bo" }
  ])
}

const files = async (memory: PromiseMemory): Promise<void> => {
  const folder = new MemoryFiles(memory)
  await folder.create("/memories/preferences.md", "# Preferences\n\n- quiet seat\n- no sugar\n")
  time.now += HOUR
  await folder.create("/memories/projects/kitchen.md", "Budget: 4,200 euros")
  time.now += HOUR
  await folder.edit("/memories/projects/kitchen.md", (text) => text.replace("4,200", "5,000"))
  time.now += HOUR
  await folder.create("/memories/projects/old/empty.md", "")
  await folder.create("/memories/旅行.md", "七月：湖。")
}

/** Each text is a different pair of words; about ten texts share a word. */
const archived = (i: number): Statement => ({
  content: `box${i % 997} shelf${(i * 31) % 1_009}${i % 3 === 0 ? " filed" : ""}`,
  saidAt: START + i * 1_000,
  metadata: { row: i % 50 }
})

const large = async (memory: PromiseMemory): Promise<void> => {
  const statements = Array.from({ length: LARGE }, (_, i) => archived(i))
  for (let i = 0; i < LARGE; i += 250) {
    time.now += 60_000
    await memory.rememberMany(statements.slice(i, i + 250))
  }
}

export const fill = async (place: Place, kind: Kind): Promise<void> => {
  time.now = START
  if (kind === "large") return withMemory(place, kind, (client) => large(client.for(ARCHIVE)))
  await withMemory(place, kind, async (client: MemoryClient) => {
    await writeAnasRows(client.for(ANA))
    await conversations(client.for(ANA))
    await files(client.files(ANA))
    await oneByOne(
      client.for(BO),
      FACTS.slice(0, 6).map((fact) => `Bo heard: ${fact}`)
    )
    await oneByOne(client.for(COACH), [
      "Run ten kilometres on Sundays.",
      { content: "Rest the knee.", ttlDays: 2 }
    ])
    await oneByOne(client.for(NAMED), ["名前は秘密です。", "She writes her name Ünal."])
  })
  await withStore(place, kind, async ({ store }) => {
    for (const limit of [6, 3, 1]) {
      time.now += HOUR
      const latest = await Effect.runPromise(store.latest({ scope: ANA, now: time.now, filter: {}, limit }))
      const ids = latest.map(({ id }) => id)
      await Effect.runPromise(store.touch({ scope: ANA, now: time.now, ids }))
    }
  })
}
