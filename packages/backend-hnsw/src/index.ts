export { HnswStore } from "./HnswStore.ts"
export type { HnswOptions } from "./options.ts"
export { HnswFile, type Repaired } from "./repair/HnswFile.ts"
export type { DamagedMemory } from "./repair/findDamage.ts"
