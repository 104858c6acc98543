/** How help, the version and wrong usage are shown. */
import * as Console from "effect/Console"
import * as CliOutput from "effect/cli/CliOutput"
import { helpFormatter } from "./help.ts"
import { columns, jsonLine, note } from "./output/print.ts"
import { hasColours, styled } from "./output/style.ts"
import { oneLine, wrap } from "./output/text.ts"

const EXIT_CODES =
  "EXIT CODES\n  0 done, 1 failed, 2 wrong usage, 3 the doctor found a fault,\n  130 interrupted, 141 the reader closed the pipe"

/** What is wrong in a line each, and where the help is: the help itself would hide it. */
const describeUsage = (
  errors: ReadonlyArray<{ readonly message: string }>,
  path: ReadonlyArray<string>
): string =>
  [
    ...errors.flatMap(({ message }) => wrap(`keepsake: ${oneLine(message)}`, columns())),
    `See ${path.join(" ")} --help`
  ]
    .join("\n")
    .replaceAll(/^keepsake:/gmu, styled("red", "keepsake:"))

/** Help on standard output, wrong usage on standard error; with `json`, as a program reads it. */
export const makePresenter = (json: boolean): CliOutput.Presenter => {
  const formatter = helpFormatter(columns(), hasColours(process.stdout))
  return {
    present: (event) => {
      switch (event._tag) {
        case "Help":
          return Console.log(`${formatter.formatHelpDoc(event.helpDoc)}\n\n${EXIT_CODES}`)
        case "InvalidInvocation": {
          const { commandPath, errors } = event
          const message = errors.map((error) => oneLine(error.message)).join(" ")
          return json
            ? Console.error(jsonLine({ error: { reason: "InvalidInput", message } }))
            : note(describeUsage(errors, commandPath))
        }
        case "Version":
          return Console.log(formatter.formatVersion(event.name, event.version))
      }
    }
  }
}
