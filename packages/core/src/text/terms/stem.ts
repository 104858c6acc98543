import { stemmer } from "stemmer"

const list = (words: string): ReadonlyArray<string> =>
  words.split(" ").toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1))

/** What a script's languages put around a word, longest first. */
interface Affixes {
  readonly prefixes: ReadonlyArray<string>
  readonly endings: ReadonlyArray<string>
  /** Characters that stay when a prefix of one letter goes, which may be of the root. */
  readonly letterRootMin: number
}

const ARABIC: Affixes = {
  prefixes: list("وال بال كال فال ولل لل ال و ب ل ف ك س"),
  endings: list("ها هم هن كم نا ان ات ون ين يه ته تي ه ي ا ت ن"),
  letterRootMin: 4
}

const HEBREW: Affixes = {
  prefixes: list("וה שה וב ול ומ מה ה ו ב ל מ כ"),
  endings: list("ימ ות ית יה ה י ת נו כמ הו"),
  letterRootMin: 3
}

/** Characters that stay of a word when its affixes go. */
const ROOT_MIN = 3
/** Endings that follow each other: case after number. */
const ENDINGS_MAX = 2

const strip = (word: string, { endings, letterRootMin, prefixes }: Affixes): string => {
  const prefix = prefixes.find(
    (start) =>
      word.length - start.length >= (start.length === 1 ? letterRootMin : ROOT_MIN) && word.startsWith(start)
  )
  let root = prefix === undefined ? word : word.slice(prefix.length)
  for (let round = 0; round < ENDINGS_MAX; round++) {
    const ending = endings.find((end) => root.length - end.length >= ROOT_MIN && root.endsWith(end))
    if (ending === undefined) break
    root = root.slice(0, -ending.length)
  }
  return root
}

/** The consonants of a root, doubled ones once: in Arabic and Hebrew the vowels change with number and tense. */
const skeleton = (root: string, vowels: RegExp): string => {
  const consonants = root.replaceAll(vowels, "").replaceAll(/(.)\1/gu, "$1")
  return consonants.length < 2 ? root : consonants
}

/** The Arabic feminine ending, which even a root of two letters loses. */
const FEMININE = /(?<=..)ه$/

const LATIN_WORD = /^[a-z]+$/
/** Letters of a stem of an alphabet with vowels: inflections, and the words of a compound, part after them more often than words do. */
const ALPHABET_LETTERS = 4
/** Letters of a stem in other scripts. */
const LETTERS = 5

/** A last vowel changes with case, number and gender, and a doubled last consonant is one: katten, kat; gato, gata. */
const cut = (word: string, vowel: RegExp): string => {
  const start = word.slice(0, ALPHABET_LETTERS)
  if (start.length < ALPHABET_LETTERS) return start
  return start[3] === start[2] ? start.slice(0, 3) : start.replace(vowel, "")
}

/** ae, oe and ue as the umlauts fold, -our as -or, v as f and z as s at the end: wolves, huizen. */
const stemLatin = (word: string): string =>
  cut(stemmer(word.replaceAll(/([aou])e/g, "$1").replace("our", "or")), /[aeiouy]$/)
    .replace(/v$/, "f")
    .replace(/z$/, "s")

const GREEK_VOWEL = /[αεηιουω]$/
const CYRILLIC_VOWEL = /[аеиоуыэюяіїєйь]$/

/** Signs and vowels at the end of an Indic word, which carry its case. */
const FINAL_SIGNS = /[\p{M}\u0905-\u0914\u092f]+$/u

const stemIndic = (word: string): string => {
  const cut = Array.from(word.replace(FINAL_SIGNS, "")).slice(0, LETTERS).join("").replace(FINAL_SIGNS, "")
  return cut.length < 2 ? word : cut
}

/** The form that the inflections of a word share. `word` is folded and in lower case. */
export const stemWord = (word: string): string => {
  if (LATIN_WORD.test(word)) return stemLatin(word)
  const code = word.charCodeAt(0)
  if (code >= 0x370 && code < 0x400) return cut(word, GREEK_VOWEL)
  if (code >= 0x400 && code < 0x530) return cut(word, CYRILLIC_VOWEL)
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
