/** Classifies errors of PostgreSQL, its driver and the network as reasons of a `MemoryError`. */
import {
  Closed,
  Corrupt,
  entryConflict,
  InvalidInput,
  MemoryError,
  type MemoryErrorReason,
  StorageFull,
  Timeout,
  Unauthorized,
  Unavailable,
  Unsupported
} from "@keepsake/core/driver"

const stringField = (cause: unknown, name: string): string | undefined => {
  if (typeof cause !== "object" || cause === null || !(name in cause)) return undefined
  const value: unknown = Reflect.get(cause, name)
  return typeof value === "string" ? value : undefined
}

/** SQLSTATE of our own: an entry of that number has other content. */
export const ENTRY_TAKEN = "KS001"

const SQLSTATE = /^[0-9A-Z]{5}$/u

/** SQLSTATE, or Node's code such as `ECONNREFUSED`. */
export const errorCode = (cause: unknown): string | undefined => {
  const own = stringField(cause, "code")
  if (own !== undefined) return own
  if (cause instanceof AggregateError && cause.errors.length > 0) return errorCode(cause.errors[0])
  return cause instanceof Error && cause.cause !== undefined ? errorCode(cause.cause) : undefined
}

/** Whether the server answered, and goes on serving the session: what failed was rolled back. */
export const wasAnswered = (cause: unknown): boolean => {
  const code = errorCode(cause)
  return code !== undefined && SQLSTATE.test(code) && !/^(08|57P)/u.test(code)
}

const errorMessage = (cause: unknown): string => {
  if (cause instanceof AggregateError && cause.message === "") return errorMessage(cause.errors[0])
  return cause instanceof Error ? cause.message : String(cause)
}

/**
 * The cause without stored data: the code, and the message unless its class quotes values. `detail` and `where`
 * quote rows, so both are dropped.
 */
const redactCause = (cause: unknown, code: string | undefined): Error => {
  const quotesValues = code !== undefined && /^(22|23)/u.test(code)
  const redacted = new Error(quotesValues ? `PostgreSQL ${code}` : errorMessage(cause))
  return Object.assign(redacted, { code, name: cause instanceof Error ? cause.name : "Error" })
}

const MOVED =
  "This store has moved to another embedding space or format, or was dropped, since it was opened: open it again, with the embedder it has now."

const CONNECTION_LOST =
  /Connection terminated|Connection ended|connection timeout|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|socket hang up/iu

type MakeReason = (message: string, cause: Error) => MemoryErrorReason

/** The reason to raise, and what its message says. */
type ErrorClass = readonly [MakeReason, string]

const unavailable: MakeReason = (message, cause) => new Unavailable({ message, cause })
const timeout: MakeReason = (message, cause) => new Timeout({ message, cause })
const unauthorized: MakeReason = (message, cause) => new Unauthorized({ message, cause })
const unsupported: MakeReason = (message, cause) => new Unsupported({ message, cause })

/** By SQLSTATE or Node's code: the meaning and what to do. */
const BY_CODE: Readonly<Record<string, ErrorClass>> = {
  "40001": [
    unavailable,
    "PostgreSQL could not serialise this with other transactions, and retries did not help: try again."
  ],
  "23503": [
    unavailable,
    "A memory was removed while something was written about it, and retries did not help: try again."
  ],
  "40P01": [unavailable, "PostgreSQL found a deadlock, and retries did not help: try again."],
  "57014": [
    timeout,
    "PostgreSQL cancelled the statement, which took longer than the statement timeout: raise statementTimeoutMs, or tune the scope."
  ],
  "55P03": [timeout, "PostgreSQL could not get a lock in time: another session holds it."],
  "25P03": [timeout, "PostgreSQL ended a transaction that was idle for too long."],
  "57P01": [unavailable, "PostgreSQL is shutting down or ended this session: try again."],
  "57P02": [unavailable, "PostgreSQL crashed and is restarting: try again."],
  "57P03": [unavailable, "PostgreSQL is starting up: try again."],
  "57P05": [unavailable, "PostgreSQL ended an idle session: try again."],
  "53300": [
    unavailable,
    "PostgreSQL has no connection left: make the pool smaller, or raise max_connections."
  ],
  "53200": [unavailable, "PostgreSQL is out of memory."],
  "53100": [
    (message, cause) => new StorageFull({ message, cause }),
    "PostgreSQL's disk is full: nothing was written. Free space, then try again."
  ],
  "28P01": [
    unauthorized,
    "PostgreSQL refused the password: check the connection string's user and password."
  ],
  "28000": [
    unauthorized,
    "PostgreSQL refused the role: check the connection string's user, and pg_hba.conf."
  ],
  "3D000": [
    (message, cause) => new InvalidInput({ field: "url", message: `url: ${message}`, cause }),
    "the database does not exist. Create it with `createdb <name>`, or correct the connection string."
  ],
  "42501": [
    unauthorized,
    "The role lacks a right. On its own schema: `grant create, usage on schema <schema> to <role>`; to make the schema: `grant create on database <database> to <role>`; with tables made by another role: `grant select, insert, update, delete on all tables in schema <schema> to <role>`."
  ],
  "42P01": [(message, cause) => new Closed({ message, cause }), MOVED],
  "42703": [(message, cause) => new Closed({ message, cause }), MOVED],
  "25006": [
    unsupported,
    "This PostgreSQL takes no writes (a standby, or default_transaction_read_only): connect to the primary."
  ],
  "26000": [
    unsupported,
    "A prepared statement is unknown to the server: a pooler in between breaks named statements. Set namedStatements: false."
  ],
  "42P05": [
    unsupported,
    "A prepared statement exists already: a pooler in between breaks named statements. Set namedStatements: false."
  ],
  ECONNREFUSED: [
    unavailable,
    "Nothing answers at PostgreSQL's address: check host and port, and that the server runs."
  ],
  ENOTFOUND: [unavailable, "PostgreSQL's host name is unknown: check the connection string."],
  EAI_AGAIN: [unavailable, "PostgreSQL's host name could not be looked up: try again."],
  ETIMEDOUT: [unavailable, "PostgreSQL's host does not answer."],
  EHOSTUNREACH: [unavailable, "PostgreSQL's host cannot be reached."],
  ECONNRESET: [unavailable, "The connection to PostgreSQL broke."],
  EPIPE: [unavailable, "The connection to PostgreSQL broke."]
}

/** By the first two characters of a SQLSTATE, its class. */
const classifyByClass = (code: string): ErrorClass | undefined => {
  if (code.startsWith("08")) return [unavailable, "The connection to PostgreSQL broke."]
  if (code.startsWith("53")) return [unavailable, "PostgreSQL is out of a resource."]
  if (code.startsWith("XX")) {
    return [
      (message, cause) => new Corrupt({ message, cause }),
      "PostgreSQL reports an internal error or damaged data: see its log; check with `pg_amcheck`."
    ]
  }
  if (code.startsWith("22")) {
    return [
      (message, cause) => new InvalidInput({ field: "value", message: `value: ${message}`, cause }),
      "PostgreSQL cannot store one of the values (a NUL character in a text, a number out of range, or a vector of other dimensions than the store's)."
    ]
  }
  return undefined
}

/** PgBouncer reports all errors of its own under one code; the message tells them apart. */
const classifyPoolerMessage = (message: string): ErrorClass | undefined => {
  if (/authentication failed|no such user/u.test(message)) return BY_CODE["28P01"]
  if (/no such database/u.test(message)) return BY_CODE["3D000"]
  return /unsupported startup parameter/u.test(message)
    ? [
        unsupported,
        "The pooler takes no startup options: leave `options` out of the connection, and set them for the role (`alter role … set …`) instead."
      ]
    : undefined
}

const toReason = (cause: unknown): MemoryErrorReason => {
  const code = errorCode(cause)
  const redacted = redactCause(cause, code)
  const pooler = code === "08P01" ? classifyPoolerMessage(errorMessage(cause)) : undefined
  const errorClass = pooler ?? (code === undefined ? undefined : (BY_CODE[code] ?? classifyByClass(code)))
  if (errorClass !== undefined) {
    const [makeReason, text] = errorClass
    return makeReason(text, redacted)
  }
  const message = errorMessage(cause)
  if (/Cannot use a pool after calling end/u.test(message)) {
    return new Closed({
      message: "The pg Pool given to this store has been ended: close the store before its pool.",
      cause: redacted
    })
  }
  if (/PGlite is closed/iu.test(message)) {
    return new Closed({
      message: "The PGlite instance given to this store has been closed.",
      cause: redacted
    })
  }
  if (/timeout exceeded when trying to connect/u.test(message)) {
    return new Timeout({
      message:
        "No connection to PostgreSQL became free in time: raise the pool's size, or look for slow statements.",
      cause: redacted
    })
  }
  if (/password must be a string/u.test(message)) {
    return new Unauthorized({
      message: "PostgreSQL asks for a password: put one into the connection string.",
      cause: redacted
    })
  }
  if (CONNECTION_LOST.test(message))
    return new Unavailable({ message: "The connection to PostgreSQL broke.", cause: redacted })
  return code !== undefined && SQLSTATE.test(code)
    ? new Unsupported({
        message: `PostgreSQL refused a statement (SQLSTATE ${code}): ${redacted.message}`,
        cause: redacted
      })
    : new Unavailable({ message: `PostgreSQL failed: ${redacted.message}`, cause: redacted })
}

/** The trigger's message names the entry. */
const entryTaken = (cause: unknown): MemoryError => {
  const [, number = "", kind = ""] = /entry (\d+) of (\S+) is taken/u.exec(errorMessage(cause)) ?? []
  return entryConflict({ kind, number: Number(number), sessionId: "" })
}

export const toMemoryError = (cause: unknown): MemoryError => {
  if (cause instanceof MemoryError) return cause
  return errorCode(cause) === ENTRY_TAKEN ? entryTaken(cause) : new MemoryError({ reason: toReason(cause) })
}

/**
 * Rolled back by the server in favour of another transaction: the same statement may run again. A foreign key (23503)
 * fails where a row was removed after the statement had seen it; the next run no longer sees it.
 */
const ROLLED_BACK = new Set(["40001", "40P01", "55P03", "23503"])
/** Refused before anything was sent. */
const NOT_SENT = new Set(["ECONNREFUSED", "57P03", "53300", "EAI_AGAIN", "ENOTFOUND"])

/**
 * Whether the store retries by itself. A write on a broken connection may have taken effect, and a second run
 * would then report another outcome, so its caller decides.
 */
export const mayRetry = (error: MemoryError, kind: "read" | "write"): boolean => {
  const code = errorCode(error.cause)
  if (code !== undefined && (ROLLED_BACK.has(code) || NOT_SENT.has(code))) return code !== "ENOTFOUND"
  return kind === "read" && error.reason._tag === "Unavailable"
}
