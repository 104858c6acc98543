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
    "alles klar verstehe verstanden gerne entendido entiendo claro daccord entendu compris capito certo daccordo percebi " +
    "entendi begrepen rozumiem jasne ладно понял поняла понятно ясно ага угу anladim hm hmm mhm " +
    "merhaba gunaydin iyi aksamlar gunler geceler tesekkurler tesekkur ederim cok tamam harika gorusuruz evet " +
    "γεια καλημερα καλησπερα ευχαριστω πολυ ωραια τελεια αντιο ναι οχι σας σου"
  ).split(/\s+/)
)

/** The same where words are not spaced. */
const POLITE_RUNS =
  /(?:明白了?|知道了|嗯+|なるほど|うん|[わ分]かりました|알겠(?:어요|습니다)|你好|您好|早上好|晚上好|下午好|早安|晚安|谢谢|多谢|谢了|非常感谢|感谢|好的|好|再见|明天见|没问题|太好了|おはよう(?:ございます)?|こんにちは|こんばんは|おやすみ(?:なさい)?|ありがとう(?:ございます|ございました)?|どうも|了解(?:です|しました)?|はい|いいえ|さようなら|またね|お疲れ様(?:です|でした)?|안녕(?:하세요|히)?|좋은|아침(?:이에요|입니다)?|감사(?:합니다|해요)?|고마워(?:요)?|고맙습니다|네|좋아(?:요)?|잘|자요|가세요|สวัสดี(?:ครับ|ค่ะ)?|ขอบคุณ(?:ครับ|ค่ะ|มาก)?|صباح|مساء|الخير|النور|مرحبا|شكرا|جزيلا|السلام|عليكم|أهلا|नमस्ते|धन्यवाद|शुक्रिया|शुभ|प्रभात|रात्रि|ठीक|है|शלום|שלום|תודה|רבה|בוקר|טוב|ערב|לילה)+/gu

/** Of these, greetings, thanks and leave-taking in more languages: with one of them, a short message says little else. */
const COURTESY = new Set(
  (
    "hi hello hey hiya howdy greetings morning evening thanks thank thx ty cheers bye goodbye hola buenos buenas gracias " +
    "adios hallo servus guten danke dank tschuss bonjour bonsoir salut coucou merci ciao buongiorno buonasera grazie " +
    "arrivederci ola bom boa obrigado obrigada valeu tchau hoi goedemorgen goedemiddag goedenavond bedankt hej hei moi " +
    "god tack takk tak kiitos huomenta szia reggelt koszonom czesc dzien dziekuje dzieki ahoj dekuji dakujem zdravo hvala " +
    "привет здравствуите доброе добрыи спасибо привіт дякую добрии вітаю здраво хвала благодаря merhaba gunaydin " +
    "tesekkurler tesekkur sagol γεια καλημερα καλησπερα ευχαριστω buna multumesc xin chao cam selamat terima asante habari"
  ).split(" ")
)
const COURTESY_RUNS =
  /你好|您好|早上好|晚上好|下午好|早安|晚安|谢谢|謝謝|多谢|感谢|再见|おはよう|こんにちは|こんばんは|おやすみ|ありがとう|안녕|감사|고마워|고맙|สวัสดี|ขอบคุณ|صباح الخير|مساء الخير|مرحبا|شكرا|नमस्ते|धन्यवाद|תודה|שלום|בוקר טוב/u
/** Other words, or other characters where words are not spaced, that a courtesy may bring along. */
const BESIDE_MAX = 2
const BESIDE_RUN_MAX = 10

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu
const NUMBER = /^\p{N}+$/u
/** Words that ask for a sum in figures, and those that make it one. */
const SUM_ASKS = new Set(
  (
    "equals what whats is how much are was ist sind macht ergibt cuanto es son combien font fait cent ciento quanto e " +
    "hoeveel ile to сколько будет fa"
  ).split(" ")
)
const SUM_MAKES = new Set(
  (
    "times plus minus divided multiplied by x percent of mal geteilt durch weniger prozent von por mas menos entre " +
    "dividido fois moins divise par vezes mais dividir keer gedeeld door razy умножить разделить плюс минус на per meno " +
    "diviso piu"
  ).split(" ")
)
const SUM_RUNS = /乘以|乘|除以|加上?|减去?|かける|割る|わる|足す|たす|引く|ひく|곱하기|나누기|더하기|빼기/u
const SUM_ASKING_RUNS = /等于|是?多少|は(?:いくつ)?|은|는|얼마/gu
/** A line or a stroke without spaces is also one of a date, of a telephone number, of an address. */
const SUM_SIGN =
  /\p{N}\s*[+*×÷^]\s*\p{N}|\p{N}\s+[-\u2212\u2013/:]\s+\p{N}|(?<![\p{N}\p{L}.,/-])[1-9]\p{N}{0,2}[-/][1-9]\p{N}{0,2}(?![\p{N}\p{L}/-])/u

const foldWord = (word: string): string =>
  word
    .normalize("NFKD")
    .replaceAll(/\p{M}+/gu, "")
    .replaceAll(/['’]/gu, "")
    .toLowerCase()
    .replaceAll("ı", "i")

const readWords = (message: string): ReadonlyArray<string> => (message.match(WORD) ?? []).map(foldWord)

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
  const words = readWords(message.replaceAll(POLITE_RUNS, " "))
  if (words.length > WORDS_MAX) return false
  if (words.some((word) => /\p{N}/u.test(word))) return isSum(message)
  if (ASKS.test(message)) return HOW_ARE_YOU.test(words.join(" "))
  const isPolite = (word: string): boolean => POLITE.has(word)
  return (
    words.length === 0 ||
    (words.some(isPolite) && words.every((word) => isPolite(word) || STOP_WORDS.has(word)))
  )
}

/**
 * Whether a message greets, thanks or takes leave and says hardly more: "Danke, hat geklappt." It may tell something even
 * so.
 */
export const isCourtesy = (message: string): boolean => {
  if (message.length > LENGTH_MAX || ASKS.test(message)) return false
  if (COURTESY_RUNS.test(message)) {
    const rest = message.replaceAll(POLITE_RUNS, "").replaceAll(/[^\p{L}\p{N}]/gu, "")
    return rest.length <= BESIDE_RUN_MAX
  }
  const words = readWords(message)
  const others = words.filter((word) => !POLITE.has(word) && !COURTESY.has(word) && !STOP_WORDS.has(word))
  return words.some((word) => COURTESY.has(word)) && others.length <= BESIDE_MAX
}

/** Figures, and a sign or a word that makes a sum of them: "What is 10.0.12.7?" asks for something else. */
const isSum = (message: string): boolean => {
  const words = readWords(
    message.replaceAll(new RegExp(SUM_RUNS, "gu"), " ").replaceAll(SUM_ASKING_RUNS, " ")
  )
  const isMade = SUM_SIGN.test(message) || SUM_RUNS.test(message) || words.some((word) => SUM_MAKES.has(word))
  return (
    isMade &&
    words.filter((word) => NUMBER.test(word)).length >= 2 &&
    words.every((word) => NUMBER.test(word) || SUM_ASKS.has(word) || SUM_MAKES.has(word))
  )
}
