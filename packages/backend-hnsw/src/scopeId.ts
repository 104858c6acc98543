/** How the file names a scope: by salted hashes, which cannot be read back; `scope_name` holds the name, erasably. */
import { type Scope, scopeKey } from "@keepsake/core/driver"
import { hash } from "node:crypto"

export const hashName = (salt: string, name: string): Buffer =>
  hash("sha256", salt + name, "buffer").subarray(0, 16)

/** Part of the file format: `scope.key`. */
export const scopeId = (salt: string, scope: Scope): Buffer => hashName(salt, scopeKey(scope))

/** Part of the file format: `scope.user_key`. */
export const userIdHash = (salt: string, userId: string): Buffer => hashName(salt, userId)
