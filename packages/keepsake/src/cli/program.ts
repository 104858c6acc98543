import * as NodeChildProcessSpawner from "@effect/platform-node-shared/NodeChildProcessSpawner"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as NodeStdio from "@effect/platform-node-shared/NodeStdio"
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import { backup } from "./commands/operate/backup.ts"
import { repair } from "./commands/operate/repair.ts"
import { chat } from "./commands/serve/chat.ts"
import { copy } from "./commands/operate/copy.ts"
import { doctor } from "./commands/operate/doctor.ts"
import { exportCommand } from "./commands/operate/export.ts"
import { context } from "./commands/memory/context.ts"
import { forget } from "./commands/memory/forget.ts"
import { get } from "./commands/memory/get.ts"
import { importCommand } from "./commands/operate/import.ts"
import { list } from "./commands/memory/list.ts"
import { recall } from "./commands/memory/recall.ts"
import { stats } from "./commands/memory/stats.ts"
import { supersede } from "./commands/memory/supersede.ts"
import { update } from "./commands/memory/update.ts"
import { mcp } from "./commands/serve/mcp.ts"
import { promote } from "./commands/operate/promote.ts"
import { reembed } from "./commands/operate/reembed.ts"
import { remember } from "./commands/memory/remember.ts"
import { describeFailure } from "./exitCodes.ts"
import { columns } from "./output/print.ts"
import { makePresenter } from "./presenter.ts"
import { readArguments } from "./input/readArguments.ts"
import { root } from "./root.ts"
import { init } from "./commands/setup/init.ts"
import { trust } from "./commands/setup/trust.ts"
import { version } from "./version.ts"

const platform = NodeChildProcessSpawner.layer.pipe(
  Layer.provideMerge(
    Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, NodeStdio.layer, NodeTerminal.layer)
  )
)

const command = root.pipe(
  Command.withSubcommands([
    init,
    remember,
    recall,
    context,
    list,
    get,
    update,
    supersede,
    forget,
    stats,
    exportCommand,
    importCommand,
    copy,
    reembed,
    promote,
    doctor,
    backup,
    repair,
    trust,
    chat,
    mcp
  ])
)

/** The whole command line on these arguments; prints a failure to standard error before it fails. */
export const program = (args: ReadonlyArray<string>) =>
  Effect.fromResult(readArguments(args)).pipe(
    Effect.flatMap(Command.runWith(command, { version })),
    Effect.tapCause((cause) =>
      Effect.sync(() => {
        const text = describeFailure(cause, args.includes("--json"), columns())
        if (text !== undefined) process.stderr.write(`${text}\n`)
      })
    ),
    // Standard output is for results, and under `mcp` for the protocol.
    Effect.provideService(Logger.LogToStderr, true),
    Effect.provide([
      platform,
      CliOutput.layerPresenter(makePresenter(args.includes("--json"))),
      CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] })
    ])
  )
