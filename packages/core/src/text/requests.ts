/** Requests that lean on what is known of the user: "Book our usual table", not "Write a limerick". */

/** Verbs with which a request begins, by language: English, German, Dutch, French, Spanish, Italian, Portuguese, Polish, Russian and Ukrainian, Arabic, Chinese. */
const BEGINS =
  "write|rewrite|draft|compose|book|order|add|make|create|build|plan|suggest|recommend|set up|send|prepare|design|generate|" +
  "schedule|reserve|buy|update|implement|configure|translate|come up with|think of|pick|choose|use|apply|put|cancel|" +
  "schreibe?|entwirf|entwerfe|verfasse|formuliere|baue?|erstelle?|mache?|plane?|buche?|bestelle?|reserviere|suche?|" +
  "schlage?|übersetze?|füge?|trage?|richte|nimm|nenne?|fasse?|bereite|schicke?|gib|überlege?|" +
  "schrijf|maak|boek|bestel|stel|bereid|vertaal|voeg|zoek|stuur|ontwerp|regel|reserveer|" +
  "écri(?:s|vez)|rédige[zr]?|prépare[zr]?|fai(?:s|tes)|crée[zr]?|réserve[zr]?|commande[zr]?|propose[zr]?|planifie[zr]?|" +
  "ajoute[zr]?|configure[zr]?|traduis(?:ez)?|résume[zr]?|met(?:s|tez)|pren(?:ds|ez)|trouve[zr]?|envoie|organise[zr]?|cherche[zr]?|" +
  "escrib[ea]|escríbeme|redact[ae]|prepar[ae]|haz|hazme|haga|crea|reserva|pide|propón|sugiere|planifica|añade|agrega|configura|" +
  "traduce|resume|pon|busca|envía|manda|organiza|diseña|genera|" +
  "scrivi|scrivimi|redigi|fai|fammi|prenota|ordina|proponi|suggerisci|pianifica|aggiungi|traduci|riassumi|metti|cerca|trova|invia|organizza|" +
  "escreva|escreve|redija|prepare|faça|faz|crie|cria|reserve|peça|proponha|sugira|planeje|adicione|traduza|resuma|ponha|procure|envie|mande|organize|" +
  "napisz|przygotuj|zrób|stwórz|utwórz|zarezerwuj|zamów|zaproponuj|zaplanuj|dodaj|przetłumacz|podsumuj|popraw|znajdź|wyślij|ułóż|wymyśl|" +
  "напиши(?:те)?|составь(?:те)?|подготовь(?:те)?|сделай(?:те)?|создай(?:те)?|забронируй(?:те)?|закажи(?:те)?|предложи(?:те)?|" +
  "запланируй|добавь(?:те)?|настрой|переведи(?:те)?|исправь(?:те)?|найди(?:те)?|отправь(?:те)?|придумай(?:те)?|склади|підготуй|зроби|створи|замов|запропонуй|додай|знайди|надішли|переклади|" +
  "اكتب|أعد|جهز|احجز|اطلب|اقترح|أضف|ترجم|لخص|صمم|أنشئ"
const BEGINS_REQUEST = new RegExp(
  `^\\s*(?:(?:and|so|also|ok|okay|please|now|then|bitte|s'il te plaît|por favor|per favore|proszę|пожалуйста)[, ]+)*(?:${BEGINS})(?![\\p{L}\\p{M}-])`,
  "iu"
)

/** Words by which one speaks of what is one's own, or of what is usual. */
const OWN_WORD = new RegExp(
  "(?<![\\p{L}\\p{M}])(?:i|we|my|mine|our|ours|usual|as always|like last time|" +
    "ich|wir|mein\\p{L}{0,2}|unser\\p{L}{0,2}|üblich\\p{L}{0,2}|wie immer|mijn|onze|ons|wij|" +
    "je|j'\\p{L}+|nous|mon|ma|mes|notre|nos|habituel\\p{L}{0,3}|mi|mis|nuestr[oa]s?|de siempre|" +
    "mi[oae]|miei|nostr[oaie]|solit[oa]|meus?|minhas?|noss[oa]s?|de sempre|" +
    "mój|moj\\p{L}{1,3}|moim\\p{L}?|nasz\\p{L}{0,4}|мо(?:й|я|е|ё|и|его|ей|ему|им|их|ю)|мій|наш\\p{L}{0,3}|как всегда|обычн\\p{L}{2,3}|" +
    "لدينا|عندنا|لدي|عندي)(?![\\p{L}\\p{M}])",
  "iu"
)

/** Where words are not spaced, and in Korean: a request by its beginning or its end, and one's own. */
const REQUEST_RUN =
  /^\s*(?:请|請|麻烦|帮我|幫我|给我|給我|替我|帮|把|写|寫)|(?:て|で)(?:ください|下さい|くれ|ほしい|欲しい|もらえ(?:る|ますか))?[。！!]?\s*$|(?:줘|줘요|주세요|주십시오)[.!。]?\s*$/u
const OWN_RUN =
  /我们|我們|咱们|我的|我家|老样子|照旧|平时|うちの?|私(?:の|たち)|僕(?:の|ら)|俺の|いつもの|우리|(?<!\p{Script=Hangul})(?:내|제|저희)\s|평소|늘/u

/** Whether a sentence asks for something to be done with what is the user's own, which only the memory knows. */
export const isOwnRequest = (sentence: string): boolean =>
  (BEGINS_REQUEST.test(sentence) && OWN_WORD.test(sentence)) ||
  (REQUEST_RUN.test(sentence) && OWN_RUN.test(sentence))
