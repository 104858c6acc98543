import { STATEMENT_LIMITS, type Where } from "@keepsake/core"
import { addWhere, readTime } from "@keepsake/core/driver"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { invalidInput } from "../AgentError.ts"

const describe = <S extends Schema.Top>(schema: S, description: string) => schema.annotate({ description })

const Type = describe(
  Schema.Literals(["episodic", "semantic", "procedural"]),
  "episodic: what happened; semantic: what is so; procedural: how the user wants things done."
)

const Id = describe(Schema.String.check(Schema.isMinLength(1)), "The id that recall showed.")
const Importance = describe(
  Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
  "0 to 1; 0.5 is ordinary."
)

const TtlDays = describe(
  Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: STATEMENT_LIMITS.ttlDays })),
  "Whole days from now until it is forgotten; it stays when absent."
)

const moment = (description: string) =>
  describe(Schema.String, `${description} ISO text with a zone, such as 2026-01-31T12:00:00Z.`)

/** Checked here so that the error names the field. */
const Content = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(STATEMENT_LIMITS.content))

/** Core's names; the model chooses between the two who talk. */
const SaidBy = describe(
  Schema.Literals(["user", "assistant"]),
  'Whose statement it is: "user" for what the user said or decided, "assistant" for your own conclusion. "user" when absent.'
)

export const RememberInput = Schema.Struct({
  content: describe(
    Content,
    "One self-contained statement, with names instead of pronouns, such as: Ana's team ships on Fridays."
  ),
  saidBy: Schema.optionalKey(SaidBy),
  type: Schema.optionalKey(Type),
  importance: Schema.optionalKey(Importance),
  saidAt: Schema.optionalKey(moment("When it was said, if not now.")),
  ttlDays: Schema.optionalKey(TtlDays)
})

/** Core checks what it holds, so that a misspelt name is refused with the nearest. */
const WhereInput = describe(
  Schema.Record(Schema.String, Schema.Unknown),
  'A filter; what stands side by side is all required: {"type":"semantic","saidAt":{"gte":"2026-01-31T00:00:00Z"},"metadata":{"floor":{"gte":3},"tags":{"contains":"quiet"}},"not":{"pinned":true},"or":[{"speaker":"Ana"},{"importance":{"gte":0.5}}]}. Operators: eq, ne, in, notIn, exists, gt, gte, lt, lte, contains.'
)

/** Which memories, in a few words; `where` says the rest. */
const FILTER = {
  type: Schema.optionalKey(Type),
  since: Schema.optionalKey(moment("Said at this time or later.")),
  until: Schema.optionalKey(moment("Said before this time.")),
  where: Schema.optionalKey(WhereInput)
}

export const RecallInput = Schema.Struct({
  query: Schema.optionalKey(
    describe(
      Schema.String.check(Schema.isMinLength(1)),
      "What to look for, in the words it may have been said in."
    )
  ),
  id: Schema.optionalKey(
    describe(Id, "Instead of query: the id of one memory, to read on where it was cut.")
  ),
  from: Schema.optionalKey(
    describe(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)), "With id: the character to read on from.")
  ),
  ...FILTER,
  asOf: Schema.optionalKey(moment("Recalls what was so at this time.")),
  limit: Schema.optionalKey(
    describe(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20 })), "Most results; 5 when absent.")
  )
})

export const ForgetInput = Schema.Struct({
  id: Schema.optionalKey(Id),
  where: Schema.optionalKey(WhereInput)
})

export const UpdateInput = Schema.Struct({
  id: Id,
  content: Schema.optionalKey(describe(Content, "What is so now; the old statement is kept as history.")),
  saidBy: Schema.optionalKey(
    describe(SaidBy, 'Who says that it changed: "user" or "assistant". As before when absent.')
  ),
  importance: Schema.optionalKey(Importance),
  ttlDays: Schema.optionalKey(TtlDays)
})

export const GetInput = Schema.Struct({
  id: Id,
  from: Schema.optionalKey(
    describe(
      Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
      "The character to read on from, where it was cut."
    )
  )
})

export const ListInput = Schema.Struct({
  ...FILTER,
  limit: Schema.optionalKey(
    describe(
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 })),
      "Most memories; 20 when absent."
    )
  ),
  after: Schema.optionalKey(describe(Schema.String, "next of the page before."))
})

export const ContextInput = Schema.Struct({
  message: describe(Schema.String.check(Schema.isMinLength(1)), "The user's message, word for word."),
  budget: Schema.optionalKey(
    describe(
      Schema.Int.check(Schema.isBetween({ minimum: 50, maximum: 8_000 })),
      "Most tokens of the answer; 1,000 by default."
    )
  )
})

/** A time of the model's; throws `InvalidInput` with the argument's name. */
export const readMoment = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const read = readTime(text)
  if (Result.isFailure(read)) throw invalidInput(name, read.failure)
  return read.success
}

/** The filter that the arguments make together. */
export const toWhere = ({
  since,
  type,
  until,
  where
}: {
  readonly type?: typeof Type.Type
  readonly since?: string
  readonly until?: string
  readonly where?: Where
}): Where | undefined => {
  const gte = readMoment("since", since)
  const lt = readMoment("until", until)
  const added: Where = {
    ...(type === undefined ? {} : { type }),
    ...(gte === undefined && lt === undefined
      ? {}
      : { saidAt: { ...(gte === undefined ? {} : { gte }), ...(lt === undefined ? {} : { lt }) } })
  }
  if (Object.keys(added).length === 0) return where
  return where === undefined ? added : addWhere(where, added)
}
