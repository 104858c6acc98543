/** Packs every package into a folder, `tarballs` by default, for an installation before the first release. */
import { resolve } from "node:path"
import { FRONT_DOOR, packAll } from "./pack.ts"

const tarballs = await packAll(resolve(process.argv[2] ?? "tarballs"))
console.log(`npm install ${FRONT_DOOR.map((name) => tarballs.get(name)).join(" ")}`)
