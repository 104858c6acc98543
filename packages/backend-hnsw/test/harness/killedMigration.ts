/** `killedMigration.ts PATH POINT` opens a file and kills itself before the nth `exec` of SQL. */
import { DatabaseSync } from "node:sqlite"
import { openFile } from "../../src/schema/openFile.ts"
import { DIMENSIONS, makeFingerprint } from "../support/rows.ts"

const [path = "", point = "1"] = process.argv.slice(2)
const exec = Reflect.get(DatabaseSync.prototype, "exec") as (this: DatabaseSync, sql: string) => void
let calls = 0
DatabaseSync.prototype.exec = function (sql) {
  calls++
  if (calls === Number(point)) process.kill(process.pid, "SIGKILL")
  return exec.call(this, sql)
}
openFile(path, makeFingerprint(DIMENSIONS), "full").close()
