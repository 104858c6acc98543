import { foldText } from "./foldText.ts"
import { toLower } from "./RunForms.ts"

/** Texts of one line each, folded and without capitals: together, since one by one they take ten times as long. */
export const foldAll = (texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  texts.length === 0 ? texts : toLower(foldText(texts.join("\n"))).split("\n")
