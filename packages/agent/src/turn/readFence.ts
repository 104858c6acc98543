import type { PromiseMemory } from "@keepsake/core"

/** 0 where the call throws: a broken memory must not break the turn. */
export const readFence = (memory: PromiseMemory): number => {
  try {
    return memory.fence()
  } catch {
    return 0
  }
}
