/**
 * Whose memory it is. Every operation of every store takes a scope: no call reaches another user's memories by
 * leaving an argument out.
 *
 * `sessionId` is not part of it: a session places a memory in a conversation and isolates nothing.
 */
export interface Scope {
  readonly agentId: string
  readonly userId: string
}

/** Longest `agentId` or `userId`, in UTF-16 code units. */
export const SCOPE_PART_MAX = 256

/**
 * Control characters corrupt logs and terminals; slashes, backslashes and `..` make a path of a name that a
 * store derives from an id.
 */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff/\\]|^\.{1,2}$|^\s|\s$/u

/** Whether a value may be the `agentId` or the `userId` of a scope. */
export const isScopePart = (part: unknown): boolean =>
  typeof part === "string" &&
  part.length > 0 &&
  part.length <= SCOPE_PART_MAX &&
  !FORBIDDEN.test(part) &&
  part.isWellFormed()

/** Whether a value has the two ids of a scope, each of 1 to 256 characters and none that is forbidden. */
export const isScope = (value: unknown): value is Scope =>
  typeof value === "object" &&
  value !== null &&
  "agentId" in value &&
  "userId" in value &&
  isScopePart(value.agentId) &&
  isScopePart(value.userId)

/** Whether two scopes are the same. */
export const sameScope = (a: Scope, b: Scope): boolean => a.agentId === b.agentId && a.userId === b.userId

/** A scope as messages name it. */
export const describeScope = ({ agentId, userId }: Scope): string =>
  `user ${JSON.stringify(userId)} of agent ${JSON.stringify(agentId)}`

/** The user of a shared scope, after its agent if that is another one: an id holds no slash. */
export const formatOrigin = (shared: Scope, own: Scope): string =>
  shared.agentId === own.agentId ? shared.userId : `${shared.agentId}/${shared.userId}`

/** One string per scope, for maps and caches; no two scopes share it because neither part holds a NUL. */
export const scopeKey = (scope: Scope): string => `${scope.agentId}\u0000${scope.userId}`

/**
 * The scope of an agent's own notes (Anthropic's memory tool): beside the user's memories, outside their recall
 * and statistics, and erased with the user. The slash cannot occur in a caller's scope.
 */
export const filesScope = (scope: Scope): Scope => ({
  agentId: `${scope.agentId}${FILES}`,
  userId: scope.userId
})

const FILES = "/files"

/** The scope beside which `scope` holds the agent's notes; `scope` itself if it holds none. */
export const scopeBeside = (scope: Scope): Scope =>
  scope.agentId.endsWith(FILES)
    ? { agentId: scope.agentId.slice(0, -FILES.length), userId: scope.userId }
    : scope
