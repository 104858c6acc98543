export { HnswStore } from "./HnswStore.ts"
export type { HnswOptions } from "./options.ts"
