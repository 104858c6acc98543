import { stemmer } from "stemmer"

const list = (words: string): ReadonlyArray<string> =>
  words.split(" ").toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1))

/** What a script's languages put around a word, longest first. */
interface Affixes {
  readonly prefixes: ReadonlyArray<string>
  readonly endings: ReadonlyArray<string>
}

const CYRILLIC: Affixes = {
  prefixes: [],
  endings: list(
    "а я о е и ы у ю й ь і ї є э ам ям ах ях ов ев ів ей ой ий ый ая яя ое ее ые ие ою ею ом ем ого его ому ему ых их ым им " +
      "ами ями ыми ими ість ості остью ость ости ия ии ию ием ией иям иях иями ться тся ть ти л ла ло ли в ют ють ут ат ят ет ит ишь ешь " +
      "ите ете ові еві ът та то те ят"
  )
}

const GREEK: Affixes = {
  prefixes: [],
  endings: list(
    "α ε η ι ο υ ω ασ εσ ησ ισ οσ υσ ουσ ων ου ον ην αν εν ει οι αι αδεσ αδων μα ματα ματοσ ματων εισ εωσ εων ιο ια ιων ιου ιεσ ησα ησε ησαν " +
      "ουμε ετε ουν ουνε μαι σαι ται μαστε στε νται μενη μενο μενοσ"
  )
}

const ARABIC: Affixes = {
  prefixes: list("وال بال كال فال ولل لل ال و ب ل ف ك س"),
  endings: list("ها هم هن كم نا ان ات ون ين يه ته تي ه ي ا ت ن")
}

const HEBREW: Affixes = {
  prefixes: list("וה שה וב ול ומ מה ה ו ב ל מ ש כ"),
  endings: list("ימ ות ית יה ה י ת נו כמ הו")
}

/** Characters that stay of a word when its affixes go. */
const ROOT_MIN = 3
/** Endings that follow each other: case after number. */
const ENDINGS_MAX = 2

const strip = (word: string, { endings, prefixes }: Affixes): string => {
  const prefix = prefixes.find((start) => word.length - start.length >= ROOT_MIN && word.startsWith(start))
  let root = prefix === undefined ? word : word.slice(prefix.length)
  for (let round = 0; round < ENDINGS_MAX; round++) {
    const ending = endings.find((end) => root.length - end.length >= ROOT_MIN && root.endsWith(end))
    if (ending === undefined) break
    root = root.slice(0, -ending.length)
  }
  return root
}

/** The consonants of a root, a doubled last one once: in Arabic and Hebrew the vowels change with number and tense. */
const skeleton = (root: string, vowels: RegExp): string => {
  const consonants = root.replaceAll(vowels, "").replace(/(.)\1$/u, "$1")
  return consonants.length < 2 ? root : consonants
}

/** The Arabic feminine ending, which even a root of two letters loses. */
const FEMININE = /(?<=..)ه$/

const LATIN_WORD = /^[a-z]+$/
/** Letters of a stem in Latin script: inflections, and the words of a compound, part after them more often than words do. */
const LATIN_LETTERS = 4
/** Letters of a stem elsewhere. */
const LETTERS = 5
const FINAL_VOWEL = /[aeiouy]$/

/**
 * The beginning of the word as Porter stems it: without a doubled consonant (katten, kat), the fourth letter alike for
 * all vowels (gato, gata), v as f and z as s (wolves, huizen), ae, oe and ue as the umlauts fold, -our as -or.
 */
const stemLatin = (word: string): string => {
  const spelled = word.replaceAll(/([aou])e/g, "$1").replace("our", "or")
  const stem = stemmer(spelled).slice(0, LATIN_LETTERS)
  if (stem.length < LATIN_LETTERS) return stem
  if (stem[3] === stem[2]) return stem.slice(0, 3)
  return stem.replace(FINAL_VOWEL, "_").replace(/v$/, "f").replace(/z$/, "s")
}

/** Signs at the end of an Indic word, which carry its case. */
const FINAL_SIGNS = /\p{M}+$/u

const stemIndic = (word: string): string => {
  const cut = Array.from(word.replace(FINAL_SIGNS, "")).slice(0, LETTERS).join("").replace(FINAL_SIGNS, "")
  return cut.length < 2 ? word : cut
}

/** The form that the inflections of a word share. `word` is folded and in lower case. */
export const stemWord = (word: string): string => {
  if (LATIN_WORD.test(word)) return stemLatin(word)
  const code = word.charCodeAt(0)
  if (code >= 0x370 && code < 0x400) return strip(word, GREEK).slice(0, LETTERS)
  if (code >= 0x400 && code < 0x530) return strip(word, CYRILLIC).slice(0, LETTERS)
  if (code >= 0x590 && code < 0x600) return skeleton(strip(word, HEBREW), /[וי]/g)
  if (code >= 0x600 && code < 0x780) return skeleton(strip(word, ARABIC).replace(FEMININE, ""), /[اويءؤئ]/g)
  if (code >= 0x900 && code < 0xe00) return stemIndic(word)
  return Array.from(word).slice(0, LETTERS).join("")
}

/** Words that most English texts hold, by their stems: another form of them would find everything. */
const COMMON = new Set(
  (
    "help make great like time us thank step on work good realli get sure plan go went gone want look keep kept wai new start try need " +
    "take took think thought got see saw effect two feel felt love set dai sinc week understand well improv stai right know knew tip meet " +
    "consid find found support especi first last even import thing kinda differ ask includ absolut give gave given certainli someth detail " +
    "lot decid come came current life year alwai without read three hear heard much best best peopl made next approach wonder mean person hour free " +
    "everyth anyth noth bring long share everi enjoi exampl name back complet cover learn must offer place problem happi recommend still " +
    "put ye daili whether might walk happen nice point remind addit hard enough also would mai shall sai said tell told show feel better " +
    "more less mani few big small old littl thank let tri ever never alreadi actual probabl mayb yet ago later soon todai idea reason end part"
  ).split(" ")
)

/** The English stem of a word in Latin script, which is the form it is found by first; other words stay as they are. */
export const wholeForm = (word: string): string => (LATIN_WORD.test(word) ? stemmer(word) : word)

/** Whether a word, by its whole form, needs no weaker one. */
export const isCommon = (whole: string): boolean => COMMON.has(whole)
