import { storeLaws } from "@keepsake/core/testing"
import { Effect } from "effect"
import { listData, ListStore } from "./support/ListStore.ts"

storeLaws(
  "a store made of @keepsake/core/driver alone",
  Effect.sync(() => ListStore.layer(listData()))
)
