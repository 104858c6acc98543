import { Effect } from "effect"
import { inMemoryData, InMemoryStore } from "@keepsake/core"
import { storeLaws } from "@keepsake/core/testing"

storeLaws(
  "the in-memory store",
  Effect.sync(() => InMemoryStore.layerOf(inMemoryData()))
)
