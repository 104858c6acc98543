export { HnswStore, type HnswOptions } from "./HnswStore.ts"
