/** What a question asks for, by language: as in `cueWords.ts`, a guess from the outside. */
export interface AskingWords {
  /** Codes of the languages, parted by spaces, as `stopWords.ts` has them. */
  readonly languages: string
  readonly asksPlace: string
  /** A person, or the name of something. */
  readonly asksName: string
  readonly asksColour: string
  readonly asksTime: string
  /** How many, how much, how old. */
  readonly asksCount: string
  /** One of several: what stands before the thing is the answer ("which key"). */
  readonly asksWhich: string
  /** Why, or what was: nothing that came later answers it, but for a correction. */
  readonly asksPast?: string
}

/** Scripts with spaces: whole words. */
export const ASKING_WORDS: ReadonlyArray<AskingWords> = [
  {
    languages: "en",
    asksPlace:
      "where|where's|wheres|which city|what city|which town|what town|which country|which street|which village",
    asksName: "who|who's|whos|whom|whose|name|called|named",
    asksColour: "what colour|what color|which colour|which color",
    asksTime:
      "when|when's|whens|what time|which day|what day|which date|what date|which month|what month|which week|what week|" +
      "which year|what year",
    asksCount:
      "how many|how much|how long|how old|how wide|how big|how tall|how heavy|how far|how often|how high|how deep|" +
      "how large|how thick|what dose|which dose|what price|what percentage|what does * cost|what did * cost|what do * cost",
    asksWhich: "which|what|what's|whats",
    asksPast:
      "why|how come|when was|when were|how long was|how long were|how many * were|was there|were there|did he|did she|did they|did it|did the|did my|what happened|turned out"
  },
  {
    languages: "de",
    asksPlace: "wo|wohin|woher",
    asksName: "wer|wem|wen|wessen|wie hei*|name",
    asksColour: "welche farbe",
    asksTime: "wann|welcher tag|welchen tag|welchem tag|um wie viel uhr|um wieviel uhr|wie spat",
    asksCount:
      "wie viel|wie viele|wieviel|wieviele|wie lange|wie alt|wie hoch|wie gross|wie breit|wie oft|wie schwer|wie teuer|wie weit|wie lang",
    asksWhich: "welche|welcher|welches|welchen|welchem|was",
    asksPast: "warum|wieso|weshalb|wann war|wann waren|was ist passiert"
  },
  {
    languages: "fr",
    asksPlace: "ou",
    asksName: "qui|chez qui|s'appelle|nom",
    asksColour: "quelle couleur|de quelle couleur",
    asksTime: "quand|quelle heure|quel jour|quel mois|quelle date",
    asksCount: "combien|quel age|a quelle frequence",
    asksWhich: "quel|quelle|quels|quelles",
    asksPast: "pourquoi"
  },
  {
    languages: "es",
    asksPlace: "donde|adonde",
    asksName: "quien|quienes|como se llama|nombre",
    asksColour: "de que color",
    asksTime: "cuando|que hora|que dia|que fecha",
    asksCount: "cuanto|cuanta|cuantos|cuantas|que edad",
    asksWhich: "que|cual|cuales",
    asksPast: "por qué"
  },
  {
    languages: "it",
    asksPlace: "dove",
    asksName: "chi|come si chiama|nome",
    asksColour: "di che colore",
    asksTime: "quando|che ora|che giorno",
    asksCount: "quanto|quanta|quanti|quante",
    asksWhich: "che|quale|quali",
    asksPast: "perché"
  },
  {
    languages: "pt",
    asksPlace: "onde",
    asksName: "quem|como se chama|nome",
    asksColour: "de que cor",
    asksTime: "quando|que horas|que hora|que dia",
    asksCount: "quanto|quanta|quantos|quantas|que idade",
    asksWhich: "que|qual|quais",
    asksPast: "por que|porque"
  },
  {
    languages: "nl",
    asksPlace: "waar|waarheen",
    asksName: "wie|hoe heet|naam",
    asksColour: "welke kleur",
    asksTime: "wanneer|hoe laat|welke dag",
    asksCount: "hoeveel|hoe lang|hoe oud|hoe breed|hoe groot|hoe vaak|hoe hoog",
    asksWhich: "welk|welke|wat",
    asksPast: "waarom|wanneer was"
  },
  {
    languages: "pl",
    asksPlace: "gdzie|dokąd",
    asksName: "kto|kogo|komu|u kogo|nazywa",
    asksColour: "jakiego koloru",
    asksTime: "kiedy|o której|którego dnia|w jaki dzień",
    asksCount: "ile|jak często|jak długo",
    asksWhich: "jaki|jaka|jakie|jakiego|jakiej|jaką|który|która|które|którym|której",
    asksPast: "dlaczego|czemu"
  },
  {
    languages: "ru uk bg",
    asksPlace: "где|куда|де|къде",
    asksName: "кто|кого|кому|у кого|зовут|называется|хто|кой",
    asksColour: "какого цвета",
    asksTime: "когда|во сколько|в какой день|какого числа|коли|кога",
    asksCount: "сколько|как часто|как долго|скільки|колко",
    asksWhich: "какой|какая|какое|какие|каком|какую|какого|каким",
    asksPast: "почему|зачем|чому|защо"
  },
  {
    languages: "tr",
    asksPlace: "nerede|nereye",
    asksName: "kim|kimde|kimin|adı",
    asksColour: "ne renk",
    asksTime: "ne zaman|saat kaçta|hangi gün",
    asksCount: "kaç|ne kadar",
    asksWhich: "hangi",
    asksPast: "neden|niye|niçin"
  },
  {
    languages: "sv no",
    asksPlace: "var|hvor|vart",
    asksName: "vem|hvem|heter",
    asksColour: "vilken färg|hvilken farge",
    asksTime: "när|når|vilken dag|hvilken dag|vilken tid",
    asksCount:
      "hur många|hur mycket|hur länge|hur gammal|hur ofta|hvor mange|hvor mye|hvor lenge|hvor gammel|hvor ofte",
    asksWhich: "vilken|vilket|vilka|hvilken|hvilket|hvilke",
    asksPast: "varför|hvorfor"
  },
  {
    languages: "fi",
    asksPlace: "missä|minne",
    asksName: "kuka|kenellä|kenen|nimi",
    asksColour: "minkä värinen",
    asksTime: "milloin|koska|mihin aikaan|minä päivänä",
    asksCount: "kuinka monta|paljonko|kuinka paljon|kuinka pitkä|kuinka usein",
    asksWhich: "mikä|mitä|minkä",
    asksPast: "miksi"
  },
  {
    languages: "cs",
    asksPlace: "kde|kam",
    asksName: "kdo|koho|komu|u koho|jmenuje",
    asksColour: "jaká barva|jakou barvu",
    asksTime: "kdy|v kolik|který den|jaký den",
    asksCount: "kolik|jak dlouho|jak často",
    asksWhich: "jaký|jaká|jaké|který|která|které|kterém",
    asksPast: "proč"
  },
  {
    languages: "ro",
    asksPlace: "unde",
    asksName: "cine|cui|numele",
    asksColour: "ce culoare",
    asksTime: "când|la ce oră|în ce zi",
    asksCount: "cât|câtă|câți|câte",
    asksWhich: "ce|care",
    asksPast: "de ce"
  },
  {
    languages: "hu",
    asksPlace: "hol|hová",
    asksName: "ki|kinél|kinek|neve",
    asksColour: "milyen színű",
    asksTime: "mikor|hány órakor|melyik nap",
    asksCount: "hány|mennyi|milyen gyakran",
    asksWhich: "melyik|milyen",
    asksPast: "miért"
  },
  {
    languages: "el",
    asksPlace: "πού",
    asksName: "ποιος|ποιον|όνομα",
    asksColour: "τι χρώμα",
    asksTime: "πότε|τι ώρα|ποια μέρα",
    asksCount: "πόσο|πόσα|πόσες|πόσοι",
    asksWhich: "ποιο|ποια|τι",
    asksPast: "γιατί"
  },
  {
    languages: "vi",
    asksPlace: "ở đâu",
    asksName: "ai|tên",
    asksColour: "màu gì",
    asksTime: "khi nào|mấy giờ|ngày nào|lúc nào",
    asksCount: "bao nhiêu|bao lâu|mấy",
    asksWhich: "nào",
    asksPast: "tại sao|vì sao"
  },
  {
    languages: "id",
    asksPlace: "di mana|ke mana",
    asksName: "siapa|nama",
    asksColour: "warna apa",
    asksTime: "kapan|jam berapa|hari apa",
    asksCount: "berapa",
    asksWhich: "apa|mana",
    asksPast: "mengapa|kenapa"
  },
  {
    languages: "ar fa",
    asksPlace: "أين|کجا",
    asksName: "من|اسم|چه کسی",
    asksColour: "ما لون|چه رنگی",
    asksTime: "متى|أي يوم|چه روزی",
    asksCount: "كم|چند|چقدر",
    asksWhich: "أي|کدام",
    asksPast: "لماذا|چرا"
  },
  {
    languages: "he",
    asksPlace: "איפה",
    asksName: "מי",
    asksColour: "איזה צבע",
    asksTime: "מתי|באיזו שעה|באיזה יום",
    asksCount: "כמה",
    asksWhich: "איזה|איזו",
    asksPast: "למה|מדוע"
  },
  {
    languages: "hi bn ta",
    asksPlace: "कहाँ|কোথায়|எங்கே",
    asksName: "कौन|কে|யார்",
    asksColour: "किस रंग",
    asksTime: "कब|কখন|எப்போது",
    asksCount: "कितना|कितने|कितनी|কত|எவ்வளவு|எத்தனை",
    asksWhich: "कौन सा|कौन सी|কোন|எந்த",
    asksPast: "क्यों|কেন|ஏன்"
  }
]

/** Scripts without spaces, and Korean: runs of characters anywhere. */
export const ASKING_RUNS: Required<Omit<AskingWords, "languages">> = {
  asksPlace: "哪里|在哪？|在哪?|哪儿|どこ|어디|ที่ไหน",
  asksName: "谁|叫什么|誰|だれ|名前|누구|누가|이름|ใคร",
  asksColour: "什么颜色|何色|무슨 색|สีอะไร",
  asksTime: "什么时候|几点|星期几|哪天|几号|いつ|何時|何曜日|何日|언제|몇 시|무슨 요일|เมื่อไหร่|กี่โมง|วันไหน",
  asksCount: "多少|几个|几次|多久|多大|いくつ|いくら|何人|何歳|何回|何本|どのくらい|얼마|몇 |เท่าไหร่|กี่",
  asksWhich: "哪|什么|どの|どれ|어느|무슨|ไหน",
  asksPast: "为什么|怎么会|なぜ|どうして|왜|ทำไม"
}
