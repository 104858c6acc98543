/** Messages that neither ask nor tell: greetings, thanks, sums. */
import { STOP_WORDS } from "./tokenise.ts"

/** Greetings, thanks, assent and leave-taking, as they are folded: without accents, in lower case. */
const POLITE = new Set(
  (
    "hi hello hey hiya howdy greetings morning afternoon evening night day good great nice fine cool perfect awesome " +
    "lovely brilliant excellent wonderful super ok okay k yes yep yeah no nope sure thanks thank thx ty cheers much " +
    "many lot appreciated appreciate welcome please sorry bye goodbye see later soon tomorrow worked works work working " +
    "helped helps helpful got it understood makes sense agreed right exactly done lol haha wow continue go ahead next " +
    "hola buenos buenas dias tardes noches gracias muchas vale perfecto genial adios hasta luego manana bien si " +
    "hallo guten morgen tag abend nacht danke vielen dank schon gut super prima tschuss bis bald ja nein bitte genau " +
    "bonjour bonsoir salut merci beaucoup bien parfait oui non super revoir bientot bonne journee soiree nuit " +
    "ciao buongiorno buonasera grazie mille bene perfetto arrivederci presto " +
    "ola bom dia boa tarde noite obrigado obrigada muito tudo tchau ate logo " +
    "hoi goedemorgen goedemiddag goedenavond dank je wel bedankt prima doei tot ziens " +
    "czesc dzien dobry wieczor dziekuje bardzo super swietnie do widzenia tak nie " +
    "привет здравствуйте добрыи доброе добрыи день утро вечер спасибо большое отлично хорошо пока да нет свидания " +
    "merhaba gunaydin iyi aksamlar gunler geceler tesekkurler tesekkur ederim cok tamam harika gorusuruz evet " +
    "γεια καλημερα καλησπερα ευχαριστω πολυ ωραια τελεια αντιο ναι οχι σας σου"
  ).split(/\s+/)
)

/** The same where words are not spaced. */
const POLITE_RUNS =
  /(?:你好|您好|早上好|晚上好|下午好|早安|晚安|谢谢|多谢|谢了|非常感谢|感谢|好的|好|再见|明天见|没问题|太好了|おはよう(?:ございます)?|こんにちは|こんばんは|おやすみ(?:なさい)?|ありがとう(?:ございます|ございました)?|どうも|了解(?:です|しました)?|はい|いいえ|さようなら|またね|お疲れ様(?:です|でした)?|안녕(?:하세요|히)?|좋은|아침(?:이에요|입니다)?|감사(?:합니다|해요)?|고마워(?:요)?|고맙습니다|네|좋아(?:요)?|잘|자요|가세요|สวัสดี(?:ครับ|ค่ะ)?|ขอบคุณ(?:ครับ|ค่ะ|มาก)?|صباح|مساء|الخير|النور|مرحبا|شكرا|جزيلا|السلام|عليكم|أهلا|नमस्ते|धन्यवाद|शुक्रिया|शुभ|प्रभात|रात्रि|ठीक|है|शלום|שלום|תודה|רבה|בוקר|טוב|ערב|לילה)+/gu

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu
const NUMBER = /^\p{N}+$/u
/** Words of a sum in figures. */
const SUM = new Set(
  "times plus minus divided multiplied by x percent of equals what whats is how much mal por fois".split(" ")
)

const foldWord = (word: string): string =>
  word
    .normalize("NFKD")
    .replaceAll(/\p{M}+/gu, "")
    .replaceAll(/['’]/gu, "")
    .toLowerCase()

/** Longer messages tell or ask something. */
const WORDS_MAX = 12
const LENGTH_MAX = 200

const ASKS = /[?？؟;]/u
const HOW_ARE_YOU =
  /^(?:how are you|how is it going|hows it going|whats up|como estas|como esta|wie gehts|wie geht es dir|ca va|comment ca va|come stai|como vai|tudo bem|hoe gaat het)(?: today| doing| heute)?$/

/**
 * Whether a message neither asks nor tells: "Good morning!", "Thanks, that worked.", "What is 17 times 23?". Errs
 * towards `false`.
 */
export const isSmallTalk = (message: string): boolean => {
  if (message.length > LENGTH_MAX) return false
  const words = (message.replaceAll(POLITE_RUNS, " ").match(WORD) ?? []).map(foldWord)
  if (words.length > WORDS_MAX) return false
  if (words.some((word) => NUMBER.test(word))) return isSum(words)
  if (ASKS.test(message)) return HOW_ARE_YOU.test(words.join(" "))
  const isPolite = (word: string): boolean => POLITE.has(word)
  return (
    words.length === 0 ||
    (words.some(isPolite) && words.every((word) => isPolite(word) || STOP_WORDS.has(word)))
  )
}

const isSum = (words: ReadonlyArray<string>): boolean =>
  words.filter((word) => NUMBER.test(word)).length >= 2 &&
  words.every((word) => NUMBER.test(word) || SUM.has(word))
