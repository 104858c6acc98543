import { MemoryError, Unsupported } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { resolveConfig } from "../../../config/resolveConfig.ts"
import { loadQdrant } from "../../../loadPackage.ts"
import { plural } from "../../../plural.ts"
import { storeLayerAsFilled } from "../../../storeLayer.ts"
import { columns, note, print } from "../../output/print.ts"
import { oneLine, prose } from "../../output/text.ts"
import { settings } from "../../root.ts"

const parseNodes = (text: string) =>
  /^\d+(?:,\d+)*$/u.test(text)
    ? Effect.succeed(text.split(",").map(Number))
    : Effect.fail(invalidInput("nodes", "must be ids of nodes with commas between them, such as 1,2"))

export const promote = Command.make(
  "promote",
  {
    nodes: Flag.String("nodes").pipe(
      Flag.withDescription("Ids of the cluster's nodes to place it on; by default the server chooses"),
      Flag.withMetavar("ids"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* ({ nodes }) {
    const { config, json, scope } = yield* settings
    const { store } = yield* resolveConfig(config)
    if (!("backend" in store) || store.backend !== "qdrant") {
      return yield* new MemoryError({
        reason: new Unsupported({
          message: "promote is for a Qdrant cluster: other stores have no shards."
        })
      })
    }
    const placement = Option.isNone(nodes) ? {} : { nodes: yield* parseNodes(nodes.value) }
    const { QdrantAdmin } = yield* loadQdrant
    return yield* Effect.gen(function* () {
      const admin = Option.getOrThrow(yield* Effect.serviceOption(QdrantAdmin))
      yield* note("The server copies the memories; programs go on meanwhile.")
      const promotion = yield* admin
        .promoteScope(scope, placement)
        .pipe(
          Effect.onInterrupt(() => note("Interrupted. The server goes on; run it again to end what is left."))
        )
      yield* print(json, promotion, () =>
        prose(
          `The memories of ${oneLine(scope.userId)} with agent ${oneLine(scope.agentId)} have shard key ${promotion.shardKey} for themselves, on ${plural(promotion.nodes.length, "node")}: ${promotion.nodes.join(", ")}.`,
          columns()
        )
      )
    }).pipe(Effect.provide(storeLayerAsFilled(config.store)))
  })
).pipe(
  Command.withDescription(
    "Qdrant cluster: give the memories of one heavy user and agent a shard key of their own while programs go on. Run it again to end one that was interrupted"
  ),
  Command.withExamples([
    {
      command: "keepsake promote --user team:blue",
      description: "The store of ./keepsake.json; the server chooses the node"
    },
    { command: "keepsake promote --user team:blue --nodes 1,2", description: "On these nodes" }
  ])
)
