/** Stores LangGraph's long-term memory in Keepsake. Pass the store to `graph.compile({ store })`. */
import { openMemory } from "@keepsake/keepsake"
import { KeepsakeStore } from "./KeepsakeStore.ts"

await using memory = await openMemory("memory:")
const store = new KeepsakeStore(memory.for({ userId: "ines", agentId: "langgraph" }))

await store.put(["profile", "work"], "project", {
  text: "Ines is building a SaaS for freight logistics",
  year: 2026
})
await store.put(["profile", "home"], "pet", { text: "Ines has a cat called Miso", year: 2024 })

console.log(await store.get(["profile", "work"], "project"))
for (const { key, score, value } of await store.search(["profile"], { query: "freight logistics" })) {
  console.log(score?.toFixed(2), key, value["text"])
}
console.log(await store.listNamespaces({ prefix: ["profile"] }))
