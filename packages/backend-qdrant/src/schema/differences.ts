import type { Fingerprint } from "@keepsake/core/driver"
import type { Schemas } from "@qdrant/js-client-rest"
import { DENSE, TERMS } from "../codec/vectors.ts"
import type { Layouts } from "../codec/condition.ts"
import { DISTANCE, REQUIRED_INDEXES } from "./schema.ts"

const compareVectors = (
  { params }: Schemas["CollectionConfig"],
  { embedding }: Fingerprint
): ReadonlyArray<string> => {
  const vectors = (params.vectors ?? {}) as Record<string, Schemas["VectorParams"] | undefined>
  const dense = vectors[DENSE]
  if (embedding === null) return []
  if (dense === undefined) {
    return [`no vector named "${DENSE}" (${embedding.dimensions} dimensions, ${DISTANCE})`]
  }
  const differences: Array<string> = []
  if (dense.size !== embedding.dimensions) {
    differences.push(`vector "${DENSE}" has ${dense.size} dimensions instead of ${embedding.dimensions}`)
  }
  if (dense.distance !== DISTANCE) {
    differences.push(`vector "${DENSE}" has distance ${dense.distance} instead of ${DISTANCE}`)
  }
  return differences
}

const compareTerms = ({ params }: Schemas["CollectionConfig"]): ReadonlyArray<string> => {
  const terms = params.sparse_vectors?.[TERMS]
  if (terms === undefined) return [`no sparse vector named "${TERMS}" (modifier idf)`]
  return terms.modifier === "idf" ? [] : [`sparse vector "${TERMS}" lacks the modifier idf`]
}

export const compareStrictMode = ({ strict_mode_config: strict }: Schemas["CollectionConfig"]) =>
  strict?.enabled === true && strict.unindexed_filtering_retrieve === false
    ? []
    : ["strict mode does not forbid filtering by unindexed keys"]

/** How the indexes of a collection differ from those that are required. */
export const compareIndexes = (
  indexes: Schemas["CollectionInfo"]["payload_schema"],
  requiredIndexes: Readonly<Record<string, Schemas["PayloadSchemaParams"]>>
): ReadonlyArray<string> =>
  Object.entries(requiredIndexes).flatMap(([key, required]) => {
    const index = indexes[key]
    if (index === undefined) return [`no payload index on "${key}" (${required.type})`]
    if (index.data_type !== required.type) {
      return [`payload index on "${key}" is ${index.data_type} instead of ${required.type}`]
    }
    const { params } = index
    const tenant =
      params !== null && params !== undefined && "is_tenant" in params && params.is_tenant === true
    return key === "scope" && !tenant ? [`payload index on "scope" is not a tenant index (is_tenant)`] : []
  })

/** How a collection differs from what the store needs, one phrase per difference. */
export const differences = (
  { config, payload_schema: indexes }: Schemas["CollectionInfo"],
  fingerprint: Fingerprint,
  layouts: Layouts
): ReadonlyArray<string> => [
  ...compareVectors(config, fingerprint),
  ...compareTerms(config),
  ...compareStrictMode(config),
  ...compareIndexes(indexes, REQUIRED_INDEXES[layouts])
]
