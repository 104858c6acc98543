import { formatOrigin, invalidInput, MemoryError } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { plural } from "../../../plural.ts"
import { type ImportFile, openImportFile } from "../../../interchange/importFile.ts"
import { readImport, TEXT_FORMATS, type TextFormat } from "../../../interchange/readImport.ts"
import { checkImport } from "../../../interchange/checkImport.ts"
import { addCounts, type ImportCounts, type ScopeTally } from "../../../interchange/importCounts.ts"
import { runImport } from "../../../interchange/runImport.ts"
import { columns, note, print } from "../../output/print.ts"
import { makeProgress } from "../../output/progress.ts"
import { oneLine, prose } from "../../output/text.ts"
import { type CommandSettings, withMemory } from "../../withMemory.ts"

const SENTENCES: ReadonlyArray<readonly [keyof ImportCounts, string]> = [
  ["superseded", "Newer than what was there, which they replaced"],
  ["known", "Known already, unchanged"],
  ["conflicting", "Other content under the same key, left out"],
  ["expired", "Expired, left out"],
  ["inactive", "Deleted, archived or paused there, left out"],
  ["dropped", "Dropped before writing"]
]

const describeCounts = (counts: ImportCounts): string =>
  SENTENCES.flatMap(([name, text]) => (counts[name] > 0 ? [` ${text}: ${counts[name]}.`] : [])).join("")

const describePlan = (
  format: string,
  rows: number,
  scopes: ReadonlyArray<ScopeTally>,
  { scope: own }: CommandSettings
): string => {
  const lines = scopes.map(
    ({ counts, scope }) =>
      `For ${oneLine(formatOrigin(scope, own))}: would create ${counts.created}.${describeCounts(counts)}`
  )
  return [`${format}, ${plural(rows, "row")}. Nothing was changed.`, ...lines]
    .map((line) => prose(line, columns()))
    .join("\n")
}

const open = (file: ImportFile, partial: boolean, text: TextFormat | undefined) =>
  Effect.tryPromise({
    try: async () => readImport(file, { partial, text }),
    catch: (cause) =>
      cause instanceof MemoryError ? cause : invalidInput(file.name, `could not be read: ${String(cause)}`)
  })

interface Options {
  readonly path: string
  readonly dryRun: boolean
  readonly keepScopes: boolean
  readonly mergeScopes: boolean
  readonly partial: boolean
  readonly text: TextFormat | undefined
  readonly trustIds: boolean
}

const importFile = Effect.fnUntraced(function* (options: Options, settings: CommandSettings) {
  const { dryRun, keepScopes, mergeScopes, partial, path, text, trustIds } = options
  const { json, scope } = settings
  if (keepScopes && mergeScopes)
    return yield* invalidInput("merge-scopes", "is the opposite of --keep-scopes; give one of them")
  const file = yield* openImportFile(path)
  const content = yield* open(file, partial, text)
  const checked = yield* checkImport(file.name, content, { scope, keepScopes, mergeScopes, trustIds })
  const progress = makeProgress("Importing", checked.rows, json)
  const scopes = yield* Effect.ensuring(runImport(checked, dryRun, progress.show), progress.end).pipe(
    Effect.onInterrupt(() =>
      note("Interrupted. What was imported stays; run the same command again to continue.")
    )
  )
  const counts = addCounts(scopes)
  if (dryRun) {
    const plan = { dryRun, format: content.format, rows: checked.rows, ...counts, scopes }
    return yield* print(json, plan, () => describePlan(content.format, checked.rows, scopes, settings))
  }
  return yield* print(json, counts, () =>
    prose(`Imported ${counts.created} from ${oneLine(file.name)}.${describeCounts(counts)}`, columns())
  )
})

export const importCommand = Command.make(
  "import",
  {
    file: Argument.String("file").pipe(Argument.withDescription('The file to read; "-" is standard input')),
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Show what would be imported for whom; change nothing"),
      Flag.withDefault(false)
    ),
    keepScopes: Flag.Boolean("keep-scopes").pipe(
      Flag.withDescription("Import for the users and agents of the export, not for --user"),
      Flag.withDefault(false)
    ),
    mergeScopes: Flag.Boolean("merge-scopes").pipe(
      Flag.withDescription("Import what belonged to several users for --user alone"),
      Flag.withDefault(false)
    ),
    trustIds: Flag.Boolean("trust-ids").pipe(
      Flag.withDescription("Keep the ids of a backup of your own that is older than keys"),
      Flag.withDefault(false)
    ),
    text: Flag.Literals("text", TEXT_FORMATS).pipe(
      Flag.withDescription("The file is Markdown or plain text, whatever its name"),
      Flag.optional
    ),
    partial: Flag.Boolean("partial").pipe(
      Flag.withDescription("Import the complete lines of a damaged export"),
      Flag.withDefault(false)
    )
  },
  ({ file, text, ...flags }) =>
    withMemory((_, settings) =>
      Effect.scoped(importFile({ ...flags, path: file, text: Option.getOrUndefined(text) }, settings))
    )
).pipe(
  Command.withDescription(
    "Import an export of Keepsake, mem0, OpenMemory or Kronvex, JSON lines of statements, CLAUDE.md or AGENTS.md, Markdown or plain text. A file with a bad row is refused as a whole"
  ),
  Command.withExamples([
    {
      command: "keepsake import memories.jsonl",
      description: "For this user; a second import changes nothing"
    },
    {
      command: "keepsake import mem0.json --keep-scopes",
      description: "Each memory for its own user in mem0"
    },
    {
      command: "keepsake import CLAUDE.md --dry-run",
      description: "What the rules of a project would become"
    }
  ])
)
