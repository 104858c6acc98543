import { homedir } from "node:os"

/** Undefined for an account without one, as in a container whose user has no passwd entry. */
export const findHomeFolder = (home: string | undefined): string | undefined => {
  if (home !== undefined && home !== "") return home
  try {
    return homedir()
  } catch {
    return undefined
  }
}
