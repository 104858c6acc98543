import { termId } from "./termId.ts"

/**
 * How a term stands for its word. The form is part of the term's id, so a term has one form in every text, and its
 * weight in a document is reduced by the form's factor: a whole word always weighs more than its parts.
 */
export type Form = "whole" | "stem" | "piece"

const MARKS: Readonly<Record<Form, string>> = { whole: "", stem: "\u0001", piece: "\u0002" }

/** The id of a term in a form. */
export const formId = (form: Form, token: string): number => termId(MARKS[form] + token)

/** In the place of the id of a form that a word does not have. */
export const NO_TERM = -1

/** The forms as numbers, in the order of what they weigh. */
const FORM_NUMBERS: Readonly<Record<Form, number>> = { whole: 0, stem: 1, piece: 2 }
const FORM_STEP = 4

/** A term's id and form in one number, which is exact and sorts by id. */
const formNumber = (id: number, form: Form): number => id * FORM_STEP + FORM_NUMBERS[form]
export const idFromNumber = (number: number): number => Math.floor(number / FORM_STEP)
/** 0 for a whole word, 1 for a stem, 2 for a piece. */
export const formFromNumber = (number: number): number => number % FORM_STEP

/** A word of a text, by the ids of its forms. */
export interface Word {
  /** The folded word; `NO_TERM` for a part of an identifier, which is a term by its stem alone. */
  readonly whole: number
  /** The form that its inflections share; `NO_TERM` for a number, and where a script has none. */
  readonly stem: number
  /** Parts of a long word, syllable pairs, characters. */
  readonly pieces: ReadonlyArray<number>
}

/** Another term that stands for several words: an identifier as a whole, a number in one spelling. */
export interface Joined {
  /** Index of its first word, and of the first after it. */
  readonly from: number
  readonly to: number
  readonly whole: number
  readonly stem: number
}

/** A text, read. */
export interface ReadText {
  readonly words: ReadonlyArray<Word>
  readonly joined: ReadonlyArray<Joined>
  /** Whether its function words are English, so that the whole forms of its words are stems already. */
  readonly english: boolean
}

/** The term by which a word is counted and adjacent words are compared: the one that its inflections share. */
export const wordKey = ({ pieces, stem, whole }: Word): number =>
  whole !== NO_TERM ? whole : stem !== NO_TERM ? stem : (pieces[0] ?? NO_TERM)

/** The numbers of all terms of some words, with those that stand for several of them: first the key of each word. */
export const formNumbers = (
  words: ReadonlyArray<Word>,
  joined: ReadonlyArray<Joined>
): ReadonlyArray<number> => {
  const keys: Array<number> = []
  const others: Array<number> = []
  for (const { pieces, stem, whole } of words) {
    let forms = keys
    if (whole !== NO_TERM) {
      forms.push(formNumber(whole, "whole"))
      forms = others
    }
    if (stem !== NO_TERM) {
      forms.push(formNumber(stem, "stem"))
      forms = others
    }
    for (const piece of pieces) {
      forms.push(formNumber(piece, "piece"))
      forms = others
    }
  }
  for (const { stem, whole } of joined) {
    if (whole !== NO_TERM) others.push(formNumber(whole, "whole"))
    if (stem !== NO_TERM) others.push(formNumber(stem, "stem"))
  }
  for (const number of others) keys.push(number)
  return keys
}
