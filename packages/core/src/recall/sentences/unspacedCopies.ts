/** Near-copies where words are not spaced: by characters, since one more of them makes two other pairs. */
import { foldText } from "../../text/terms/foldText.ts"
import { toLower } from "../../text/terms/RunForms.ts"
import { differences } from "./differences.ts"
import { isUnspaced } from "./values.ts"

/** The share of the characters with a meaning that near-copies have in common, and the fewest that they have. */
const COPY_MIN = 0.7
const CHARACTERS_MIN = 4
/** Longer texts are no statements of one fact. */
const LENGTH_MAX = 160

const NOT_WRITTEN = /[^\p{L}\p{N}]/gu
/** Particles, copulas and "always" say nothing that tells two statements apart. */
const EMPTY = new Set("的了是会都总常般每天就呀啊吧呢嘛哦还有個个毎")
const KANA = /^[\p{Script=Hiragana}ー]$/u
/** What may stand elsewhere: times, and who speaks. */
const MOVABLE = new Set("我私僕俺早上午中下晚晨夜朝昼晩今明昨日週周月年时時点點分我们每毎天")
/** Kana that tell two statements apart by themselves: from, to, than, only, and others. */
const TELLING = ["から", "まで", "より", "だけ", "しか", "へ", "くれ", "もら", "あげ"]
/** Particles and endings of politeness. */
const ENDINGS = /ましたら|ました|ません|ます|でした|です|だった|には|では|とは|[はがをにでともやのるただ]/gu

/** The letters and digits of a text whose words are not spaced; `""` for another one, or a long one. */
export const toCharacters = (text: string): string =>
  text.length <= LENGTH_MAX && isUnspaced(text) ? toLower(foldText(text)).replaceAll(NOT_WRITTEN, "") : ""

const isContent = (character: string): boolean => !EMPTY.has(character) && !KANA.test(character)

const without = (characters: ReadonlyArray<string>, others: ReadonlyArray<string>): ReadonlyArray<string> =>
  characters.filter((character) => isContent(character) && !others.includes(character))

/** How many items two rows have in common, repetitions included. */
const countShared = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): number => {
  const rest = [...b]
  return a.filter((one) => {
    const at = rest.indexOf(one)
    if (at >= 0) rest.splice(at, 1)
    return at >= 0
  }).length
}

const kanaOf = (characters: ReadonlyArray<string>): string =>
  characters
    .filter((character) => KANA.test(character))
    .join("")
    .replaceAll(ENDINGS, "")

/** Whether something stands elsewhere that may not: 田中 and 佐藤 in "田中は佐藤より背が高い". */
const isReordered = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  differences(a, b, Object.is).some(([own]) =>
    own.some((character) => b.includes(character) && !MOVABLE.has(character))
  )

/** Whether one says in a place what the other does not say there, or begins with someone of whom the other does not speak. */
const saysOtherwise = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  differences(a, b, Object.is).some(([own, other], place) => {
    const [newOwn, newOther] = [without(own, b), without(other, a)]
    if (newOwn.length > 0 && newOther.length > 0) return true
    const isFirst = place === 0 && (own[0] === a[0] || other[0] === b[0])
    if (isFirst && [...newOwn, ...newOther].some((character) => !MOVABLE.has(character))) return true
    // Both are kana of a verb: あげる, もらう.
    return kanaOf(own).length > 1 && kanaOf(other).length > 1
  })

/** Whether two texts of `toCharacters` say the same in nearly the same characters. */
export const areUnspacedCopies = (a: string, b: string): boolean => {
  if (TELLING.some((kana) => a.includes(kana) !== b.includes(kana))) return false
  const [all, others] = [Array.from(a), Array.from(b)]
  const [own, other] = [all.filter(isContent), others.filter(isContent)]
  const shared = countShared(own, other)
  return (
    Math.min(own.length, other.length) >= CHARACTERS_MIN &&
    shared >= COPY_MIN * (own.length + other.length - shared) &&
    !isReordered(own, other) &&
    !saysOtherwise(all, others)
  )
}
