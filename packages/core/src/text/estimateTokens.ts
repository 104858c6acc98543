/** How many tokens a text takes. */
export type TokenEstimator = (text: string) => number

/** Close for English prose; too low for other scripts and for code, which need a real tokeniser. */
export const fourCharactersPerToken: TokenEstimator = (text) => Math.ceil(text.length / 4)
