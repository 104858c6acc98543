import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type MemoryError, timedOut } from "../memory/MemoryError.ts"
import { withinDeadline } from "../runtime/deadline.ts"
import type { RunOptions } from "./ScopedMemory.ts"

/** Effects become promises, streams become async iterables, plain values stay. */
export type Promised<Service> = {
  readonly [Name in keyof Service]: Service[Name] extends Effect.Effect<infer A, infer _E>
    ? (run?: RunOptions) => Promise<A>
    : Service[Name] extends (...args: infer Args) => infer Returned
      ? Returned extends Effect.Effect<infer A, infer _E>
        ? (...args: [...args: Args, run?: RunOptions]) => Promise<A>
        : Returned extends Stream.Stream<infer A, infer _E>
          ? (...args: Args) => AsyncIterable<A>
          : Service[Name]
      : Service[Name]
}

/** Any other value named `signal` or `deadlineMs` stays in the options, and the verb refuses it. */
const isRunOptions = (value: unknown): value is RunOptions => {
  if (typeof value !== "object" || value === null || !("signal" in value || "deadlineMs" in value))
    return false
  const { deadlineMs, signal }: { readonly deadlineMs?: unknown; readonly signal?: unknown } = value
  return (
    (signal === undefined || signal instanceof AbortSignal) &&
    (deadlineMs === undefined || (typeof deadlineMs === "number" && deadlineMs > 0))
  )
}

/** Splits trailing `RunOptions` from the arguments; other options beside them stay. */
const splitRun = (args: ReadonlyArray<unknown>): readonly [ReadonlyArray<unknown>, RunOptions] => {
  const last = args.at(-1)
  if (!isRunOptions(last)) return [args, {}]
  const { deadlineMs, signal, ...rest } = last
  return [
    Object.keys(rest).length === 0 ? args.slice(0, -1) : [...args.slice(0, -1), rest],
    { deadlineMs, signal }
  ]
}

const limit = <A, E>(effect: Effect.Effect<A, E>, name: string, timeoutMs: number | undefined) =>
  timeoutMs === undefined
    ? effect
    : withinDeadline<A, E | MemoryError>(effect, timeoutMs, () => timedOut(name, timeoutMs))

/** Runs the calls of one client. */
export interface Runner {
  readonly run: <A, E>(effect: Effect.Effect<A, E>, signal: AbortSignal | undefined) => Promise<A>
  readonly context: Context.Context<never>
}

/** Calls one method of a service; an effect becomes a promise, a stream an async iterable. */
export const callPromised = (
  service: object,
  name: string,
  input: ReadonlyArray<unknown>,
  { context, run }: Runner
): unknown => {
  const [args, { deadlineMs, signal }] = splitRun(input)
  const returned: unknown = Reflect.apply(Reflect.get(service, name), service, args)
  if (Effect.isEffect(returned)) {
    return run(limit(returned as Effect.Effect<unknown, unknown>, name, deadlineMs), signal)
  }
  return Stream.isStream(returned)
    ? Stream.toAsyncIterableWith(returned as Stream.Stream<unknown, unknown>, context)
    : returned
}

/** A service whose members are promised. */
export const promised = <Service extends object>(service: Service, runner: Runner): Promised<Service> => {
  const members = Object.entries(service).map(([name, member]: [string, unknown]) => {
    if (Effect.isEffect(member)) {
      const effect = member as Effect.Effect<unknown, unknown>
      return [
        name,
        ({ deadlineMs, signal }: RunOptions = {}) => runner.run(limit(effect, name, deadlineMs), signal)
      ]
    }
    return typeof member === "function"
      ? [name, (...input: ReadonlyArray<unknown>) => callPromised(service, name, input, runner)]
      : [name, member]
  })
  return Object.fromEntries(members) as Promised<Service>
}
