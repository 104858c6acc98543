/** The first `npm install` of a user: ours from packed tarballs, compared with the peer's. */
import { join } from "node:path"
import { withFolder } from "./folder.ts"
import { type Installed, npmInstall } from "./install/npmInstall.ts"
import { packFrontDoor } from "./install/packFrontDoor.ts"
import { installMem0, MEM0 } from "./mem0/installMem0.ts"
import { type Row, within } from "./Row.ts"

export const rows = async (): Promise<ReadonlyArray<Row>> =>
  withFolder(async (folder) => {
    const ours = await npmInstall(join(folder, "ours"), await packFrontDoor(folder), process.execPath)
    const theirs = await installMem0()
    const row = (measure: keyof Installed, unit: string): Row => {
      const [value, baseline] = [ours[measure], theirs[measure]]
      return {
        ...within(
          {
            name: `npm install, ${unit === "s" ? "seconds" : unit}`,
            value,
            unit,
            note: "npm install @keepsake/keepsake, from packed tarballs, into an empty folder with an empty cache; the peer as installed on this machine"
          },
          "smaller",
          value < baseline
        ),
        against: MEM0,
        baseline,
        ratio: value / baseline
      }
    }
    return [row("packages", "packages"), row("megabytes", "MB"), row("seconds", "s")]
  })
