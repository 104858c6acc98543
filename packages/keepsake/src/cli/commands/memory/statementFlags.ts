/** What `remember` and `supersede` take beside the text. */
import type { Statement } from "@keepsake/core"
import * as Option from "effect/Option"
import * as Flag from "effect/cli/Flag"
import { metaFlag, sourceFlag, timeFlag, toMetadata, typeFlag } from "../../filter.ts"

export const statementFlags = {
  type: typeFlag.pipe(Flag.withDescription("The kind of memory"), Flag.optional),
  source: sourceFlag.pipe(Flag.withDescription("Who stated it"), Flag.optional),
  speaker: Flag.String("speaker").pipe(
    Flag.withDescription("Who said it, if several people talk"),
    Flag.optional
  ),
  session: Flag.String("session").pipe(
    Flag.withDescription("The conversation in which it was said"),
    Flag.optional
  ),
  importance: Flag.Finite("importance").pipe(Flag.withDescription("0 to 1; 0.5 by default"), Flag.optional),
  pin: Flag.Boolean("pin").pipe(Flag.withDescription("Always part of the context"), Flag.optional),
  ttlDays: Flag.Int("ttl-days").pipe(Flag.withDescription("Forget it after this many days"), Flag.optional),
  saidAt: timeFlag("said-at").pipe(
    Flag.withDescription("When it was said, such as 2026-01-31T12:00:00Z; now by default"),
    Flag.optional
  ),
  key: Flag.String("key").pipe(
    Flag.withDescription("Your own name for it: the same key is the same memory"),
    Flag.optional
  ),
  meta: metaFlag
}

type StatementFlags = {
  readonly [Name in keyof typeof statementFlags]: (typeof statementFlags)[Name] extends Flag.Flag<infer A>
    ? A
    : never
}

/** The statement of a command line; what no flag says is left to the memory. */
export const toStatement = (content: string, flags: StatementFlags): Statement => ({
  content,
  type: Option.getOrUndefined(flags.type),
  source: Option.getOrUndefined(flags.source),
  speaker: Option.getOrUndefined(flags.speaker),
  sessionId: Option.getOrUndefined(flags.session),
  importance: Option.getOrUndefined(flags.importance),
  pinned: Option.getOrUndefined(flags.pin),
  ttlDays: Option.getOrUndefined(flags.ttlDays),
  saidAt: Option.getOrUndefined(flags.saidAt),
  key: Option.getOrUndefined(flags.key),
  metadata: toMetadata(flags.meta)
})
