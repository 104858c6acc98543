import * as NodeRuntime from "@effect/platform-node-shared/NodeRuntime"
import { EXIT, toExitCode } from "./exitCodes.ts"
import { program } from "./program.ts"

/** Runs the command line as this process, and ends it with the exit code. */
export const run = (args: ReadonlyArray<string>): void => {
  // The reader closed the pipe, as `head` does: exit as a program that receives SIGPIPE.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? EXIT.pipeClosed : EXIT.failed)
  })
  NodeRuntime.runMain(program(args), {
    disableErrorReporting: true,
    teardown: (exit, onExit) => onExit(toExitCode(exit))
  })
}
