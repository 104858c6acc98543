/** Messages that neither ask nor tell: greetings, thanks, sums. */
import { STOP_WORDS } from "./tokenise.ts"

/** Without accents and apostrophes, in lower case. */
const foldWord = (word: string): string =>
  word
    .normalize("NFKD")
    .replaceAll(/\p{M}+/gu, "")
    .replaceAll(/['’]/gu, "")
    .toLowerCase()
    .replaceAll("ı", "i")
    .replaceAll("ł", "l")

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
    "γεια καλημερα καλησπερα ευχαριστω πολυ ωραια τελεια αντιο ναι οχι σας σου " +
    "yo cheers mate na sleep well sweet dreams dear friend true indeed absolutely totally same best bet brb np yw welcome back cool " +
    "toll klasse wunderbar spitze dankeschon dankesehr schlaf schlafe gut traum traume schone susse stimmt klar echt eben " +
    "coucou impeccable nickel formidable parfaitement dors bien beaux reves fais vrai exact carrement grave " +
    "estupendo fenomenal excelente duerme descansa descanses suenos dulces verdad exacto cierto claro obvio " +
    "otimo excelente maravilha dorme durma sonhos bons verdade certo exato pois valeu beleza oi " +
    "ottimo splendido ancora salve dormi sogni vero giusto esatto infatti buonanotte " +
    "fijn geweldig mooi hoor welterusten slaap lekker klopt inderdaad super graag " +
    "wspaniale ekstra siema dobranoc spij milych snow prawda racja dzieki wielkie no wlasnie spoko " +
    "замечательно прекрасно супер спокоинои ночи сладких снов привет приветик точно верно согласен согласна здорово класс круто " +
    "mukemmel guzel selam uykular tatli ruyalar aynen dogru evet sagol " +
    "مرحبا اهلا السلام عليكم وعليكم صباح مساء الخير النور شكرا جزيلا تصبح تصبحين خير عفوا تمام حسنا نعم لا صحيح ممتاز وداعا " +
    "على أهلا שלום תודה רבה בוקר טוב ערב לילה " +
    "नमस्ते नमस्कार धन्यवाद शुक्रिया बहुत शुभ रात्रि प्रभात सही ठीक है अच्छा हाँ जी नहीं बढ़िया फिर कल मिलेंगे मिलते हैं"
  )
    .split(/\s+/)
    .map(foldWord)
)

/** Laughter, by the letters that languages laugh with. */
const LAUGHTER =
  /^(?:a?(?:ha){2,}h?|a?(?:h[aei]){2,}h?|(?:j[aei]){2,}|а?(?:[хг][аеи]){2,}х?|k{3,}|(?:rs){1,3}|w{3,}|lo+l|lmao|rofl|mdr|ptdr|xd|ه{2,}|ह{2,}|[ㅋㅎ]+)$/u

/** The same where words are not spaced. */
const POLITE_RUNS =
  /(?:明白了?|早(?:啊|呀)|[嗨嘿喂]|哈喽|また(?:明日|今度|ね)|助かりました|助かります|感謝(?:です|します)?|最高(?:です)?|최고(?:예요|입니다)?|내일 봐요?|또 봐요?|知道了|嗯+|[哈呵嘿嘻]+|笑+|草+|たしかに|確かに|ほんと(?:に)?|本当(?:に)?|そうだね|そうですね|对(?:啊|呀|的)?|是(?:啊|的)|真的|맞아(?:요)?|그러게(?:요)?|그래(?:요)?|ㅋ+|ㅎ+|정말(?:요)?|진짜(?:요)?|응|なるほど|うん|[わ分]かりました|알겠(?:어요|습니다)|你好|您好|早上好|晚上好|下午好|早安|晚安|谢谢|多谢|谢了|非常感谢|感谢|好的|好|再见|明天见|没问题|太好了|おはよう(?:ございます)?|こんにちは|こんばんは|おやすみ(?:なさい)?|ありがとう(?:ございます|ございました)?|どうも|了解(?:です|しました)?|はい|いいえ|さようなら|またね|お疲れ様(?:です|でした)?|안녕(?:하세요|히)?|좋은|아침(?:이에요|입니다)?|감사(?:합니다|해요)?|고마워(?:요)?|고맙습니다|네|좋아(?:요)?|잘|자요|가세요|สวัสดี(?:ครับ|ค่ะ)?|ขอบคุณ(?:ครับ|ค่ะ|มาก)?)+/gu

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

const readWords = (message: string): ReadonlyArray<string> => (message.match(WORD) ?? []).map(foldWord)

/** Longer messages tell or ask something. */
const WORDS_MAX = 12
const LENGTH_MAX = 200

const ASKS = /[?？؟;]/u
/** Questions that ask nothing, by language, as they are folded; alternatives by `/`. */
const HOW_ARE_YOU: ReadonlyArray<string> = (
  "how are you doing today/how are you doing/how are you today/how are you/how is it going/hows it going/how are things/" +
  "how have you been/how do you do/hows life/hows everything/whats up/whats new/sup/you ok/are you there/" +
  "wie gehts dir/wie gehts ihnen/wie gehts euch/wie gehts/wie geht es dir heute/wie geht es dir/wie geht es ihnen/wie geht es euch/" +
  "wie lauft es/wie laufts/alles klar bei dir/alles gut bei dir/alles klar/alles gut/was geht ab/was geht/was gibts neues/na/" +
  "comment ca va/comment vas tu/comment allez vous/comment tu vas/ca va bien/ca va/tu vas bien/vous allez bien/quoi de neuf/" +
  "que tal estas/que tal todo/que tal/como estas/como esta usted/como esta/como estais/como andas/como te va/como va todo/como va/" +
  "todo bien/que pasa/que hay de nuevo/que hay/que cuentas/" +
  "tudo bem contigo/tudo bem com voce/tudo bem/tudo bom/tudo certo/como vai voce/como vai/como estas/como voce esta/como esta/e ai/" +
  "come va/come stai/come sta/come state/come ti va/tutto bene/come te la passi/che si dice/" +
  "hoe gaat het met je/hoe gaat het met u/hoe gaat het ermee/hoe gaat het/hoe is het met je/hoe is het/alles goed met je/alles goed/alles oke/" +
  "co u ciebie slychac/co slychac/jak sie masz/jak leci/jak tam/jak sie czujesz/co tam u ciebie/co u ciebie/co tam/wszystko dobrze/wszystko ok/" +
  "как твои дела/как ваши дела/как дела/как ты/как вы/как жизнь/как поживаешь/как поживаете/как настроение/что нового/як справи/як ти/" +
  "nasilsiniz/nasilsin/ne haber/naber/nasil gidiyor/iyi misin/ne var ne yok/" +
  "كيف حالك/كيف الحال/كيف حالكم/كيف الاحوال/كيف انت/ما الاخبار/ما اخبارك/شلونك/ازيك/" +
  "आप कैसे हैं/तुम कैसे हो/कैसे हैं आप/कैसे हो/कैसी हो/कैसे हैं/क्या हाल है/क्या हाल चाल/क्या हाल/सब ठीक है/सब ठीक/सब बढ़िया/" +
  "hur mar du/hur ar laget/hvordan gar det/mita kuuluu/jak se mas/jak se mate/ce mai faci/ce faci/hogy vagy/mi ujsag/" +
  "τι κανεισ/πωσ εισαι/ban khoe khong/khoe khong/apa kabar"
)
  .split("/")
  .map((phrase) => ` ${phrase.split(" ").map(foldWord).join(" ")} `)
  .sort((a, b) => b.length - a.length)

/** The same where words are not spaced, and in Korean. */
const HOW_ARE_YOU_RUNS =
  /(?:最近|近来|你)*(?:怎么样|怎樣|好吗|好嗎|过得好吗|还好吗|如何|可好)(?:啊|呀)?|吃(?:过|饭)?了吗|在吗|お?元気(?:ですか|でしたか|か)?|(?:最近|調子)(?:は)?どう(?:ですか)?|잘 ?지내(?:요|세요|셨어요|고 있어요?|니)?|어떻게 지내(?:요|세요)?|별일 없(?:어|지|으시죠)(?:요)?|สบายดี(?:ไหม|มั้ย)/gu

/** The words of a message without what asks how one is; the same where nothing does. */
const withoutHow = (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const said = ` ${words.join(" ")} `
  const phrase = HOW_ARE_YOU.find((how) => said.includes(how))
  return phrase === undefined ? words : said.replace(phrase, " ").trim().split(" ").filter(Boolean)
}

/**
 * Whether a message neither asks nor tells: "Good morning!", "Thanks, that worked.", "What is 17 times 23?". Errs
 * towards `false`.
 */
export const isSmallTalk = (message: string): boolean => {
  if (message.length > LENGTH_MAX) return false
  const said = message.replaceAll(HOW_ARE_YOU_RUNS, " ")
  const words = readWords(said.replaceAll(POLITE_RUNS, " "))
  if (words.length > WORDS_MAX) return false
  if (words.some((word) => /\p{N}/u.test(word))) return isSum(message)
  const rest = withoutHow(words)
  const asksHow = said !== message || rest.length < words.length
  if (ASKS.test(message) && !asksHow) return false
  const isPolite = (word: string): boolean => POLITE.has(word) || COURTESY.has(word) || LAUGHTER.test(word)
  return (
    rest.length === 0 ||
    ((asksHow || rest.some(isPolite)) && rest.every((word) => isPolite(word) || STOP_WORDS.has(word)))
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
