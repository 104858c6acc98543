/** Without NUL, and with U+FFFD for half a surrogate pair: stores take neither. */
export const cleanText = (text: string): string => text.replaceAll("\u0000", "").toWellFormed()
