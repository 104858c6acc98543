import * as NodeRuntime from "@effect/platform-node-shared/NodeRuntime"
import { EXIT, exitCodeOf } from "./exitCodes.ts"
import { program } from "./program.ts"

/** Runs the command line as this process, to its exit code. */
export const run = (args: ReadonlyArray<string>): void => {
  // Whoever read the output has enough, as `head` has: end as a program does that the signal reaches.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? EXIT.pipeClosed : EXIT.failed)
  })
  NodeRuntime.runMain(program(args), {
    disableErrorReporting: true,
    teardown: (exit, onExit) => onExit(exitCodeOf(exit))
  })
}
