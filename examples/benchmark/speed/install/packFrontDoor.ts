import { FRONT_DOOR, packAll } from "../../../../scripts/pack.ts"

/** The tarballs that the README's own line fetches. */
export const packFrontDoor = async (folder: string): Promise<ReadonlyArray<string>> => {
  const tarballs = await packAll(folder)
  return FRONT_DOOR.map((name) => tarballs.get(name) ?? "")
}
