#!/usr/bin/env node
import * as NodeRuntime from "@effect/platform-node-shared/NodeRuntime"
import { exitCodeOf } from "./failures.ts"
import { program } from "./program.ts"

NodeRuntime.runMain(program(process.argv.slice(2)), {
  disableErrorReporting: true,
  teardown: (exit, onExit) => onExit(exitCodeOf(exit))
})
