import type { MemoryError } from "@keepsake/core"
import { invalidInput } from "@keepsake/core/driver"
import * as Effect from "effect/Effect"
import type { PgVectorConfig } from "../StoreConfig.ts"

const READ_URL = /([?&])readUrl=([^&]*)&?/u

const bad = (message: string) => Effect.fail(invalidInput("store", message))

/** Takes `readUrl`, a whole URL percent-encoded, off the address; the other parameters are the driver's. */
export const parsePostgresUrl = (
  url: string,
  example: string
): Effect.Effect<PgVectorConfig, MemoryError> => {
  if (!URL.canParse(url))
    return bad(
      `is not a complete URL; write ${example}, with special characters in the password percent-encoded`
    )
  const [, , encoded] = READ_URL.exec(url) ?? []
  if (encoded === undefined) return Effect.succeed({ backend: "pgvector", url })
  const readUrl = new URLSearchParams(`url=${encoded.replaceAll("+", "%2B")}`).get("url") ?? ""
  return /^postgres(?:ql)?:/iu.test(readUrl) && URL.canParse(readUrl)
    ? Effect.succeed({ backend: "pgvector", url: url.replace(READ_URL, "$1").replace(/[?&]$/u, ""), readUrl })
    : bad("readUrl is the whole URL of a standby, percent-encoded (encodeURIComponent)")
}
