/** How much a word can tell at most, whatever a scope holds: a young memory does not know which words are common. */
import { lowerBound } from "../binarySearch.ts"
import { type CommonTerms, unpackTerms } from "./commonTerms.ts"
import { BY_LANGUAGE } from "./terms/stopWords.ts"
import { readWith, TOKENISER } from "./terms/tokenisers.ts"
import { formId, NO_TERM, wordKey } from "./terms/Word.ts"

/** Surprise of a function word of some language in a text of another, in nats: one word in eight is one. */
export const FUNCTION_WORD = 2.1
/** Of a word of the list, in nats: one text in a hundred holds it. */
const COMMON_WORD = 4.6

/** Words of talking and remembering, and the commonest verbs, nouns and adjectives. */
const COMMON =
  "say says said saying tell tells told telling talk talked talking speak mention mentioned discuss discussed ask asked asking " +
  "answer question remember remembered remind reminder recall know known knew think thought thinking believe mean means meant " +
  "understand explain describe guess hear heard listen read write wrote written note notes message chat conversation " +
  "get gets got getting go goes going gone went come comes came coming make makes made making take takes took taken taking " +
  "give gives gave given put keep kept let see seen saw look looked looking find found show shown use used using try tried trying " +
  "want wanted wants need needed needs like liked likes love loved feel feels felt feeling seem work works worked working help helped " +
  "start started starting begin began stop stopped end ended finish finished leave left move turn turned set run bring brought " +
  "call called happen happened happening change changed plan planned planning decide decided hope hoped wait check add added " +
  "thing things something anything everything nothing someone anyone everyone people person man woman way ways time times day days " +
  "week weeks month months year years today tomorrow yesterday tonight morning afternoon evening night hour hours minute minutes " +
  "part place home house name number lot lots bit kind sort idea problem reason point case example fact word words side " +
  "good better best bad great nice new old big small little long short high low right wrong sure important different real " +
  "first second last next early late later recent recently soon ago still already always never often sometimes usually ever " +
  "really actually maybe perhaps probably well much many less also even back away around together able possible ready " +
  "one two three please thanks thank welcome hello bye yes sorry glad happy fine cool perfect awesome wonderful " +
  "anyone anybody nobody everybody somebody any may might must shall upon though although however whether since yet"

/** Words of other languages that stand for little by themselves, and which the tokeniser keeps: prepositions, conjunctions, adverbs. */
const SMALL_ELSEWHERE =
  "während wegen trotz seit bis gegen innerhalb außerhalb sondern sowie jedoch deshalb trotzdem außerdem danach davor dabei dafür " +
  "dazu darum darüber davon deren dessen einmal etwa ganz genau gerade gern ziemlich immer nie oft vielleicht einfach bereits " +
  "beide beiden solche solcher manche einige vielen viele wenig zuerst zuletzt daran " +
  "après depuis avant jusque jusqu jusqu'à lors alors ainsi aussi encore déjà toujours jamais souvent parfois trop assez beaucoup entre parmi " +
  "selon sous voici voilà car puis ensuite chaque plusieurs quelques aucun aucune autre autres même mêmes tel telle ceux celles contre " +
  "malgré lorsque puisque tandis rien personne bien mal ici là moins presque fois " +
  "hemos habéis después durante mediante según hacia tras además entonces luego todavía siempre nunca tampoco casi solo bastante demasiado poco pocos " +
  "mucha muchos muchas otros otras mismo misma mismos alguno algunos algunas ninguno ninguna quizás mientras así aquí allí ahí ahora tal tanto menos vez veces " +
  "conforme segundo através desde contra além então logo ainda sempre quase apenas demais pouco muitos muita muitas cada outro outra outros outras " +
  "mesmo mesma algum alguma alguns algumas nenhum nenhuma talvez enquanto assim aqui ali agora tão pra menos vez vezes " +
  "abbiamo avete dopo prima durante secondo verso attraverso oltre allora poi ancora sempre mai quasi solo soltanto abbastanza troppo pochi molti molta molte " +
  "altro altra altri altre stesso stessa alcuni alcune nessuno nessuna forse mentre così qui qua là ora adesso già bene male meno volta volte " +
  "tijdens volgens tegen tussen sinds vanaf binnen buiten behalve echter daarom daarna daarvoor nooit vaak soms misschien heel erg weinig " +
  "weer elk elke ieder sommige beide net verder opnieuw eerst keer " +
  "podczas według przeciw między wobec oprócz jednak potem wtedy zawsze nigdy często czasami może dużo mało każdy każda inny inna inne sam sama " +
  "same wszystko wszyscy wszystkie żaden tutaj teraz dobrze źle też także również gdyż ponieważ raz razy trochę dopiero znowu " +
  "после перед между через против среди около вокруг кроме вместо ради благодаря согласно однако поэтому потом затем тогда всегда никогда " +
  "часто иногда может много мало каждый каждая другой другая другие сама сами такой такая такие никто ничто там теперь хорошо плохо " +
  "именно раз опять снова совсем почти лишь пока либо ведь " +
  "göre karşı doğru beri rağmen fakat bazen bütün bazı başka aynı şimdi burada iyi kötü kez kere önce sonra artık yine sadece böyle şöyle öyle " +
  "جدا ايضا دائما ابدا كثيرا قليلا الان بسبب لكن بدون ضد نحو فوق تحت امام وراء مرة " +
  "बाद पहले साथ द्वारा दौरान बीच तरफ कारण बिना किंतु परंतु क्योंकि इसलिए फिर अब अभी हमेशा कभी कुछ सब सभी हर दूसरा वही यहाँ वहाँ थोड़ा अधिक " +
  "हुआ हुई हुए किया गया गई गए जाता होता होती होते बार " +
  "的 了 在 是 有 和 不 我 你 他 她 它 们 这 那 也 都 就 很 吗 呢 吧 啊 么 把 被 让 给 从 对 与 或 还 又 再 着 过 地 得 以 要 会 能 可 去 来 到 上 中 里 个 " +
  "我们 你们 他们 她们 什么 怎么 哪里 哪个 为什 时候 这个 那个 一个 一种 一些 一下 没有 不是 就是 还是 但是 因为 所以 如果 可以 已经 现在 自己 " +
  "した して する です ます まし いる いた てい って った ない なっ なる ある あっ から まで ので のは のが のを には では とは にも でも とも れる られ " +
  "せる この その あの どの これ それ あれ どれ ここ そこ どこ いつ だれ なに なん こと もの とき ため よう そう くだ ださ さい くれ ほし しい てく んで んだ " +
  "たい だっ でし しょ かな だよ だね よね " +
  "그래서 하지만 그런데 그러나 매우 아주 항상 가끔 지금 여기 거기 모든 다른 같은 함께 정말 너무 많이 조금 다시 또 이미 아직"

/** The commonest nouns, verbs and adjectives of other languages, as \`COMMON\` has the English ones. */
const COMMON_ELSEWHERE =
  "sagen sagt gesagt sage erzählen erzählt sprechen fragen gefragt antworten erinnern wissen weiß wusste denken dachte glauben meinen heißen heißt " +
  "lesen schreiben geschrieben gehen geht ging kommen kommt kam machen macht gemacht geben nehmen nimmt sehen sieht finden findet zeigen brauchen braucht " +
  "arbeiten arbeitet helfen beginnt sache ding leute mensch menschen mann zeit tag tage tagen woche wochen monat monate jahr jahre jahren heute morgen " +
  "gestern abend nacht stunde minuten teil ort haus name nummer seite frage gut gute guten besser schlecht groß große klein kleine neu neue neuen alt alte " +
  "lang lange langer kurz hoch wichtig erste ersten zweite letzte nächste früh spät zwei drei " +
  "dire dit parler parlé demander savoir sait sais penser pense croire lire écrire aller va vais venir vient faire prendre prend voir vu trouver donner " +
  "mettre vouloir veut veux pouvoir peut devoir doit aimer aime chose choses gens homme femme temps jour jours semaine mois année années ans aujourd'hui " +
  "demain hier matin soir nuit heure heures minute partie maison nom numéro côté question bon bonne meilleur mauvais grand grande petit petite nouveau " +
  "nouvelle vieux long longue court haut important premier première dernier dernière prochain deux trois " +
  "decir dice dijo hablar preguntar saber sabe pensar creer leer escribir ir voy venir hacer hace tomar ver visto encontrar dar poner querer quiere quiero " +
  "poder puede deber cosa cosas gente hombre mujer tiempo día días semana semanas mes meses año años hoy mañana ayer noche hora horas minuto parte casa " +
  "nombre número lado pregunta bueno buena mejor malo gran grande pequeño pequeña nuevo nueva viejo larga largo corto alto importante primero primera último " +
  "última próximo dos tres " +
  "dizer disse diz falar perguntar sabe pensar acreditar ler escrever vou vai vir fazer faz tomar vi encontrar pôr querer quer quero poder pode coisa coisas " +
  "homem mulher tempo dia dias semana semanas mês meses ano anos hoje amanhã ontem noite manhã hora horas minuto casa nome lado pergunta bom boa melhor mau " +
  "pequeno pequena novo nova velho longo longa curto primeiro primeira último última próximo dois duas três " +
  "dire detto dice parlare chiedere sapere so sa pensare credere leggere scrivere andare vado va venire viene fare fatto prendere vedere visto trovare dare " +
  "mettere volere vuole voglio potere può dovere deve cose uomo donna tempo giorno giorni settimana settimane mese mesi anno anni oggi domani ieri mattina " +
  "sera notte ora ore minuti parte casa nome numero lato domanda buono buona migliore cattivo piccolo piccola nuovo nuova vecchio lungo lunga corto alto " +
  "importante primo ultimo ultima prossimo due tre " +
  "zeggen zegt gezegd praten vragen weten weet wist denken denkt geloven lezen schrijven gaan gaat ging komen komt kwam maken maakt gemaakt geven nemen zien " +
  "vinden zetten willen ding dingen mensen vrouw tijd dag dagen week weken maand jaar jaren vandaag morgen gisteren ochtend avond nacht uur minuten deel huis " +
  "naam nummer kant vraag goed goede beter slecht groot grote klein kleine nieuw nieuwe oud oude lang lange kort hoog eerste laatste volgende twee drie " +
  "mówić powiedział mówi pytać wiedzieć wiem wie myśleć myślę czytać pisać iść idę robić robi zrobić brać dać widzieć znaleźć chcieć chce chcę móc rzecz " +
  "ludzie człowiek czas dzień dni tydzień tygodni miesiąc rok roku lat dzisiaj dziś jutro wczoraj rano wieczór noc godzina godziny minut część dom imię numer " +
  "strona pytanie dobry dobra lepszy zły duży duża mały mała nowy nowa nowej stary długi długiej długa krótki wysoki ważny pierwszy ostatni następny dwa dwie trzy " +
  "сказать сказал сказала говорить говорит спросить знать знаю думать думаю читать писать идти пошел прийти делать сделал сделать взять дать видеть найти " +
  "хотеть хочу мочь могу вещь люди человек время день дни дня неделя неделе недели месяц год года лет сегодня завтра вчера утро вечер вечером ночь час часа часов минут " +
  "часть дом имя номер сторона вопрос хороший лучше плохой большой большая маленький новый новая новое старый длинный долгий долгих короткий высокий важный " +
  "первый последний следующий два две три " +
  "demek dedi söyledi konuşmak sormak bilmek biliyorum düşünmek okumak yazmak gitmek gitti gelmek geldi yapmak yaptı almak aldı vermek görmek bulmak istemek " +
  "istiyorum şey insan adam kadın gün günü hafta ay yıl bugün yarın dün sabah akşam gece saat dakika ev isim numara soru büyük küçük yeni eski uzun kısa yüksek " +
  "önemli ilk son iki üç " +
  "قال قالت يقول سال يعرف يفكر قرا كتب ذهب جاء فعل اخذ اعطى راى وجد يريد اريد شيء ناس رجل امراة وقت يوم ايام اسبوع الاسبوع شهر سنة عام اليوم غدا امس صباح مساء ليل ساعة " +
  "دقيقة جزء بيت اسم رقم سؤال جيد كبير صغير جديد الجديد قديم طويل طويلة قصير مهم اول اخر اثنان ثلاثة " +
  "कहना कहा बोला पूछना जानना सोचना पढ़ना लिखना जाना आना आया करना लेना लिया देना दिया देखना चाहिए चाहता चीज़ लोग आदमी औरत समय दिन हफ्ते हफ़्ते महीने साल आज कल सुबह शाम रात घंटे " +
  "मिनट घर नाम सवाल अच्छा अच्छी बुरा बड़ा बड़ी छोटा छोटी नया नई नए पुराना लंबा लंबी ज़रूरी पहला आखिरी अगला दो तीन " +
  "今天 明天 昨天 最近 以前 以后 之后 之前 非常 知道 觉得 喜欢 需要 东西 事情 问题 说话 告诉 看到 发现 出来 起来 开始 时间 地方 早上 晚上 下午 上午 每天 " +
  "今日 明日 昨日 毎日 最近 時間 場所 問題 自分 人間 名前 言う 思う 知る 見る 行く 来る 使う 出る 入る 新し 古い 大き 小さ 良い 長い 多い 少し " +
  "말하다 말했어요 알아요 생각해요 읽다 가요 갔어요 와요 왔어요 해요 했어요 하다 보다 봤어요 사람 사람들 시간 날 오늘 내일 어제 아침 저녁 밤 주 달 년 집 이름 번호 질문 좋은 나쁜 큰 작은 새 새로운 오래된 긴 짧은 첫 마지막 다음 하나 둘 셋"

/** Characters of Chinese and of Japanese that join words: a pair of one of them and of another character is half a word. */
const JOINING = "的了在是们吗呢吧啊么着过就都也很和与把被从对はがをにのでともへや"
/** Where words are not spaced. */
const PAIR = new RegExp(`(?=(?:([${JOINING}])(\\p{sc=Han})|(\\p{sc=Han})([${JOINING}])))`, "gu")

/** Caps of the pairs of a question's characters that are half a word, by the terms that they are. */
const pairCaps = (text: string): ReadonlyMap<number, number> => {
  const caps = new Map<number, number>()
  for (const [, first = "", second = "", third = "", last = ""] of text.matchAll(PAIR))
    caps.set(formId("whole", first + second + third + last), COMMON_WORD)
  return caps
}

/** The most that a term can surprise; undefined without a bound. */
interface SurpriseCaps {
  get(term: number): number | undefined
}

/** Read inside a sentence, so that function words are left out and none is taken for a name. */
const termsOf = (word: string, tokeniser: string): ReadonlyArray<number> => {
  const { words } = readWith(tokeniser, word)
  return words.length === 1
    ? words.flatMap((read) => [wordKey(read), read.stem].filter((id) => id !== NO_TERM))
    : []
}

/** Ascending and distinct. */
const termsOfAll = (words: string, tokeniser: string): Uint32Array =>
  Uint32Array.from(new Set(words.split(" ").flatMap((word) => termsOf(word, tokeniser)))).sort()

/** The terms of the lists. Reads some six thousand words, which takes longer than the rest of a first question. */
export const readCommonTerms = (tokeniser: string): CommonTerms => ({
  common: termsOfAll(COMMON, tokeniser),
  functions: termsOfAll(`${Object.values(BY_LANGUAGE).join(" ")} ${SMALL_ELSEWHERE}`, tokeniser),
  elsewhere: termsOfAll(COMMON_ELSEWHERE, tokeniser)
})

const made = new Map<string, CommonTerms>()

const commonTerms = (tokeniser: string): CommonTerms => {
  const terms = made.get(tokeniser) ?? (tokeniser === TOKENISER ? unpackTerms() : readCommonTerms(tokeniser))
  made.set(tokeniser, terms)
  return terms
}

/** Whether an ascending array holds a number. */
const includes = (sorted: Uint32Array, value: number): boolean => sorted[lowerBound(sorted, value)] === value

/**
 * The caps of terms that this tokeniser makes. For a text that is not in English, function and common words of every
 * language too: they may be words of it.
 *
 * @param text in which pairs of characters are looked for that are half a word
 */
export const surpriseCaps = (tokeniser: string, isEnglish: boolean, text = ""): SurpriseCaps => {
  const { common, elsewhere, functions } = commonTerms(tokeniser)
  const pairs = pairCaps(text)
  return {
    get: (term) => {
      if (!isEnglish && includes(functions, term)) return FUNCTION_WORD
      if (includes(common, term) || (!isEnglish && includes(elsewhere, term))) return COMMON_WORD
      return pairs.get(term)
    }
  }
}
