/** Colours of a terminal, where there is one and the user has not refused them. */

/** By https://no-color.org: any value but an empty one refuses colours. */
export const hasColours = (
  stream: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>> = process.env
): boolean => stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb"

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const

export type Style = keyof typeof CODES

/** Marks a text; `print` takes the mark off where there are no colours. */
export const styled = (style: Style, text: string): string => `\u001b[${CODES[style]}m${text}\u001b[0m`

// oxlint-disable-next-line no-control-regex
const MARKS = /(\u001b\[(?:[012]|3[123])m)/u

/** Applies `clean` to what stands between marks; without colours the marks go too. */
export const cleanStyled = (text: string, colours: boolean, clean: (part: string) => string): string =>
  text
    .split(MARKS)
    .map((part, i) => (i % 2 === 0 ? clean(part) : colours ? part : ""))
    .join("")

export const withoutStyles = (text: string): string => cleanStyled(text, false, (part) => part)
