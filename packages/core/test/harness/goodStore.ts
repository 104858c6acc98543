import { InMemoryStore, inMemoryData } from "@keepsake/core"
import type { StoreLawsOptions } from "@keepsake/core/testing"
import { Effect } from "effect"

export default Effect.sync(() => InMemoryStore.layerOf(inMemoryData()))

export const options: StoreLawsOptions = {
  operations: 50,
  exceptions: { "change > touches at the same time are all counted": "to see an exception" }
}
