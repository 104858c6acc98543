/** How a scope is named at rest: a hash, which cannot be read back. */
import { hash } from "node:crypto"
import type { Scope } from "@keepsake/core/driver"

const formatUuid = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`

/**
 * The key of a scope in every table: 128 bits of SHA-256 over both ids. Needs no query to compute, is as narrow as
 * a generated uuid, and keeps user ids out of index names, plans and logs.
 */
export const scopeId = (scope: Scope): string =>
  formatUuid(hash("sha256", JSON.stringify([scope.agentId, scope.userId]), "hex"))
