/** The forms in which a sentence has a name: cases and genitives made of the name, particles and prefixes taken off a word. */

/** What takes the place of a name's ending, by the ending. The longest ending that fits counts. */
type Endings = ReadonlyArray<readonly [ending: string, replacements: ReadonlyArray<string>]>

const endings = (table: { readonly [ending: string]: string }): Endings =>
  Object.entries(table)
    .map(([ending, forms]) => [ending, forms.split(" ")] as const)
    .toSorted(([a], [b]) => b.length - a.length)

/** Russian, Ukrainian, Belarusian, Serbian, Macedonian and Bulgarian names: cases, and vocatives. */
const CYRILLIC = endings({
  "": "а у ом ем е і ові ови",
  а: "ы и е і у ой ою ей ею ом о",
  я: "и е і ї ю ей ею ёй єю ьо",
  й: "я ю ем ём єм е ї єві",
  ь: "я ю ем ём е и і ью ю",
  о: "а у ом ові",
  ий: "ого ому им ом его ему ем",
  ая: "ой ую",
  ев: "ева еву евым еве",
  ов: "ова ову овым ове",
  ин: "ина ину иным ине",
  ева: "евой еву",
  ова: "овой ову",
  ина: "иной ину ины ине"
})

/** Greek genitives, accusatives and vocatives; marks are left out on both sides. */
const GREEK = endings({
  ας: "α",
  ης: "η",
  ος: "ου ο ε",
  ους: "ου",
  ις: "ι",
  α: "ας",
  η: "ης",
  ω: "ως",
  ώ: "ως"
})

/** Polish, Czech, Slovak, Croatian and Baltic cases that are no other name in English (`Anny`, `Paula` would be). */
const LATIN = endings({
  "": "owi ovi iem em",
  a: "ou ii",
  as: "ui",
  is: "iui"
})
const CYRILLIC_NAME = /^\p{Script=Cyrillic}{2,}$/u
const GREEK_NAME = /^\p{Script=Greek}{3,}$/u
const LATIN_NAME = /^\p{Script=Latin}{3,}$/u

const tableOf = (word: string): Endings | undefined => {
  if (CYRILLIC_NAME.test(word)) return CYRILLIC
  if (GREEK_NAME.test(word)) return GREEK
  return LATIN_NAME.test(word) ? LATIN : undefined
}

/** Forms of a name's word in the languages that change it, itself left out. */
export const inflect = (word: string): ReadonlyArray<string> => {
  const table = tableOf(word)
  const [ending = "", replacements = []] = table?.find(([end]) => word.endsWith(end)) ?? []
  const stem = word.slice(0, word.length - ending.length)
  const forms = replacements.map((replacement) => stem + replacement)
  // German and Scandinavian genitive.
  return table === LATIN && !/[sxzß]$/u.test(word) ? [...forms, `${word}s`] : forms
}

/** Letters that stand for two where a keyboard lacks them, and what people write. */
const SPELLED_OUT: ReadonlyMap<string, string> = new Map([
  ["ä", "ae"],
  ["ö", "oe"],
  ["ü", "ue"],
  ["ß", "ss"],
  ["ø", "oe"],
  ["æ", "ae"],
  ["å", "aa"]
])
const SPELLABLE = /[äöüßøæå]/giu
/** Two letters before a consonant may stand for one with marks: Krueger, but not Joe. */
const SPELLED = /([aou])e(?=[bcdfghjklmnpqrstvwxz])/giu
const SPELLED_MIN = 5

/** A name in the other spelling of its umlauts, the marks left out: Krueger of Krüger, and Kruger of Krueger. */
export const spellOut = (written: string): ReadonlyArray<string> => {
  const spell = (letter: string): string => {
    const two = SPELLED_OUT.get(letter.toLowerCase()) ?? letter
    return letter === letter.toLowerCase() ? two : two.charAt(0).toUpperCase() + two.slice(1)
  }
  const out = written.replaceAll(SPELLABLE, spell)
  if (out !== written) return [out]
  const short = written.length < SPELLED_MIN ? written : written.replaceAll(SPELLED, "$1")
  return short === written ? [] : [short]
}

const PARTICLES =
  "이 가 은 는 을 를 의 에 에게 한테 께 께서 와 과 랑 이랑 도 만 야 아 씨 님 이는 이가 이를 이의 이도 이와 이랑 이한테 이에게 로 으로 에게서 한테서 부터 까지 보다 처럼 하고 이나 나 라고 이라고 네 씨가 씨는 씨를 씨의 씨도 씨한테 씨에게 님이 님은 님을 님의 님께 님께서 선생님 선생님이 선생님은 선생님의"
/** Korean particles and forms of address, alone and joined. */
const KOREAN = new Set(PARTICLES.split(" "))
const KOREAN_MAX = 5
/** The commonest Korean family names of one syllable: 김민수 is 민수. */
const KOREAN_FAMILIES = new Set(
  "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구나민진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모"
)
const KOREAN_NAME = 3

/** Words of these scripts take endings of up to this length. */
const AGGLUTINATED =
  /^[\p{Script=Bengali}\p{Script=Gujarati}\p{Script=Gurmukhi}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Sinhala}\p{Script=Georgian}\p{Script=Armenian}\p{Script=Ethiopic}]/u
const ENDING_MAX = 4

/** Prepositions and conjunctions that are written onto a word. */
const PREFIXES = /^(?:[وفبلك]|وال|[ובלכהמש])(?=\p{L}{2})/u

/** Armenian to Ethiopic: all scripts below but Hangul. */
const PEELED_FROM = 0x531
const PEELED_TO = 0x13ff
const NONE: ReadonlyArray<string> = []

/** Words that may be the name in a word of the sentence, itself left out: `지우의` may be 지우, `لآنا` آنا. */
export const peel = (word: string): ReadonlyArray<string> => {
  const last = word.at(-1) ?? ""
  if (last >= "\uac00" && last <= "\ud7a3") {
    const names: Array<string> = []
    for (let length = 1; length <= KOREAN_MAX && length < word.length; length++) {
      if (KOREAN.has(word.slice(-length))) names.push(word.slice(0, -length))
    }
    const given = [word, ...names].filter(
      (name) => name.length === KOREAN_NAME && KOREAN_FAMILIES.has(name.charAt(0))
    )
    return [...names, ...given.map((name) => name.slice(1))]
  }
  const first = word.charCodeAt(0)
  if (!(first >= PEELED_FROM && first <= PEELED_TO)) return NONE
  if (AGGLUTINATED.test(word)) {
    return Array.from({ length: ENDING_MAX }, (_, i) => word.slice(0, -1 - i)).filter(
      ({ length }) => length > 1
    )
  }
  const prefix = PREFIXES.exec(word)?.[0]
  return prefix === undefined ? [] : [word.slice(prefix.length)]
}
