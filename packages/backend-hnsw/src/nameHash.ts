/** How the file names scopes, users and sessions: by salted hashes, which cannot be read back. Part of the file format. */
import { type Scope, scopeKey } from "@keepsake/core/driver"
import { hash } from "node:crypto"

const hashName = (salt: string, name: string): Buffer => hash("sha256", salt + name, "buffer").subarray(0, 16)

/** `scope.key`. */
export const scopeId = (salt: string, scope: Scope): Buffer => hashName(salt, scopeKey(scope))

/** `scope.user_key`. */
export const userIdHash = (salt: string, userId: string): Buffer => hashName(salt, userId)

/** `session.key`; made of `memory.session_key`, so that a removal need not read the session's name. */
export const turnCounterKey = (salt: string, sid: number, sessionKey: number): Buffer =>
  hashName(salt, JSON.stringify(["turns", sid, sessionKey]))

/** `entry_list.session_key`. */
export const entrySessionKey = (salt: string, sid: number, sessionId: string): Buffer =>
  hashName(salt, JSON.stringify(["session", sid, sessionId]))

/** `entry_list.kind_key`. */
export const entryKindKey = (salt: string, kind: string): Buffer =>
  hashName(salt, JSON.stringify(["kind", kind]))
