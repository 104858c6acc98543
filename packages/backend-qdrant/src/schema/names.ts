import { createHash } from "node:crypto"
import { type Fingerprint, REFERENCE_CALIBRATION } from "@keepsake/core/driver"
import { FingerprintSchema } from "@keepsake/core/schema"
import * as Schema from "effect/Schema"
import { LAYOUT } from "../codec/layout.ts"

/** As it was before its embedder was measured, and as earlier versions wrote it: a space keeps its name. */
const beforeMeasuring = (fingerprint: Fingerprint): Fingerprint =>
  fingerprint.embedding === null || fingerprint.embedding.calibration.source === undefined
    ? fingerprint
    : { ...fingerprint, embedding: { ...fingerprint.embedding, calibration: REFERENCE_CALIBRATION } }

const hashFingerprint = (fingerprint: Fingerprint): string =>
  createHash("sha256")
    .update(JSON.stringify(Schema.encodeSync(FingerprintSchema)(beforeMeasuring(fingerprint))))
    .digest("hex")
    .slice(0, 8)

/** Prefix of the alias of the serving collection, of every layout. */
export const servingPrefix = (base: string): string => `${base}.serving-`

/** Names the layout, so that a process of an older version no longer finds the collection it has open. */
export const servingAlias = (base: string, fingerprint: Fingerprint): string =>
  `${servingPrefix(base)}${LAYOUT}-${hashFingerprint(fingerprint)}`

/** The collection of entries, which every embedding space shares. */
export const entriesName = (base: string): string => `${base}.sessions`

/** The collection of access counts, which every embedding space shares. */
export const accessName = (base: string): string => `${base}.access`

/** Prefix of the alias of the staged collection; its generation id follows. */
export const stagingPrefix = (base: string): string => `${base}.staging-`

/** Name of the collection of a later space. */
export const spaceName = (base: string, fingerprint: Fingerprint): string =>
  `${base}.space-${hashFingerprint(fingerprint)}`
