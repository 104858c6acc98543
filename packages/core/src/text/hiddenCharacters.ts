/** Characters that a person does not see and a model or a terminal does. */

/**
 * Controls, overrides and marks of direction, soft hyphens, fillers, zero-width spaces, interlinear marks, tags and
 * variation selectors of the supplement. Tab and line ends stay; so do joiners and the common variation selectors,
 * which scripts and emoji need.
 */
const HIDDEN =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class
  /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ufff9-\ufffb]|[\p{Default_Ignorable_Code_Point}--[\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f]]/gv

/** Joiners and selectors where no script puts them, which can spell a text: after another one, or after ASCII. */
const IDLE_JOINERS =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class
  /(?<=[\u200c\u200d])[\u200c\u200d\ufe00-\ufe0f]+|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]+|(?<![^\u0000-\u007f])[\u200c\u200d]+|(?<![^\u0000-\u007f]|[#*0-9])[\ufe00-\ufe0f]+/gu

/** Printable ASCII and line feeds, which most text is. */
const PLAIN = /^[ -~\n]*$/

/** The text without what hides in it. */
export const stripHidden = (text: string): string =>
  PLAIN.test(text) ? text : text.replaceAll(HIDDEN, "").replaceAll(IDLE_JOINERS, "")

const escapeUnits = (text: string): string =>
  Array.from(text, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`
    ).join("")
  ).join("")

/** JSON that says the same and steers no terminal. */
export const escapeHiddenJson = (json: string): string =>
  PLAIN.test(json) ? json : json.replaceAll(HIDDEN, escapeUnits).replaceAll(/[\u2028\u2029]/gu, escapeUnits)

/** JSON of a value for a model, each text without what hides in it. */
export const toVisibleJson = (value: unknown): string =>
  // The second pass is for names of properties.
  stripHidden(
    JSON.stringify(value, (_, part: unknown) => (typeof part === "string" ? stripHidden(part) : part))
  )
