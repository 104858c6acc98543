/** How the file names what it keeps about a session beside memories: by salted hashes. Part of the file format. */
import { hashName } from "./scopeId.ts"

/** `session.key`; made of `memory.session_key`, so that a removal need not read the session's name. */
export const turnCounterKey = (salt: string, sid: number, sessionKey: number): Buffer =>
  hashName(salt, JSON.stringify(["turns", sid, sessionKey]))

/** `entry_list.session_key`. */
export const entrySessionKey = (salt: string, sid: number, sessionId: string): Buffer =>
  hashName(salt, JSON.stringify(["session", sid, sessionId]))

/** `entry_list.kind_key`. */
export const entryKindKey = (salt: string, kind: string): Buffer =>
  hashName(salt, JSON.stringify(["kind", kind]))
