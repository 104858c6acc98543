/**
 * Effect Schemas of what programs keep or send to each other. They have an entry of their own, because loading Effect's
 * `Schema` takes as long as half of what a process needs to open a memory.
 */
export { FingerprintSchema } from "./FingerprintSchema.ts"
export { MemoryErrorReasonSchema, MemoryErrorSchema } from "./MemoryErrorSchema.ts"
export { ScopeSchema } from "./ScopeSchema.ts"
