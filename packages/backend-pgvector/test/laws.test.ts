import { storeLaws } from "@keepsake/core/testing"
import { describe, it } from "vitest"
import { freshOnPGlite, freshOnServer, NO_SERVER, serverUrl } from "./support/servers.ts"

storeLaws("pgvector on PGlite", freshOnPGlite())

if (serverUrl === undefined) {
  describe("pgvector on a server", () => {
    it.skip(`keeps the laws (${NO_SERVER})`)
  })
} else {
  storeLaws("pgvector on a server", freshOnServer())
  storeLaws("pgvector on a server, with row-level security", freshOnServer({ rowLevelSecurity: true }))
  storeLaws("pgvector on a server, without named statements", freshOnServer({ namedStatements: false }))
}
