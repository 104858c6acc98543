/**
 * Words that tell how a statement stands to an earlier one, by language: a guess from the outside, which decides
 * nothing by itself. Phrases are parted by `|` and folded; `*` stands for any ending.
 */
export interface CueWords {
  /** Codes of the languages, parted by spaces, as `stopWords.ts` has them. */
  readonly languages: string
  /** Something is so from now on, or no longer. */
  readonly change: string
  /** What was said before was wrong. */
  readonly correction: string
  /** Another choice, by which a fragment takes up what was just spoken of. */
  readonly choice: string
  /** One occasion only. */
  readonly once: string
  /** What is so again and again. */
  readonly always: string
  /** Holds beside what was said before. */
  readonly also: string
  /** A condition, a wish, a guess. */
  readonly perhaps: string
  /** What was so once. */
  readonly history: string
  /** What stays as it was. */
  readonly stays: string
  readonly negation: string
  /** The speaker, and another person. */
  readonly first: string
  readonly third: string
  /** Family, friends and others that a sentence may be about. */
  readonly people: string
  /** Where one lives, and that one moves there. */
  readonly home?: string
  readonly moves?: string
}

/** Parts of a day: morning, noon, afternoon, evening, night; forms of one part by `/`. */
export const DAY_PARTS: ReadonlyArray<string> = [
  "morning/mornings/breakfast|noon/lunchtime/midday|afternoon/afternoons|evening/evenings/dinner|night/nights/bedtime/midnight",
  "morgens/früh/morgen|mittags/mittag|nachmittags/nachmittag|abends/abend|nachts/nacht",
  "matin|midi|après-midi|soir|nuit",
  "mañana|mediodía|tarde|noche|madrugada",
  "mattina/mattino|mezzogiorno|pomeriggio|sera|notte",
  "manhã|meio-dia|tarde|noite|madrugada",
  "ochtend/ochtends|middag|namiddag|avond/avonds|nacht",
  "rano/ranem|południe/południu|popołudnie/popołudniu|wieczór/wieczorem|noc/nocy",
  "утром/утро|днем/полдень|после обеда|вечером/вечер|ночью/ночь",
  "sabah/sabahları|öğlen|öğleden sonra|akşam/akşamları|gece",
  "morgon/morgen|middag|eftermiddag/ettermiddag|kväll/kveld/aften|natt/nat",
  "早上/早晨/朝/아침|中午/昼/점심|下午/午後/오후|晚上/夜/晩/저녁|夜里/深夜/밤"
]

/** Numbers above ten that are written as words, by language. */
export const GREAT_NUMBERS: ReadonlyArray<readonly [number, string]> = [
  [11, "eleven|elf|onze|undici|elva|elleve"],
  [12, "twelve|zwölf|douze|doce|dodici|twaalf|tolv|dwanaście"],
  [13, "thirteen|dreizehn|treize|trece|tredici"],
  [14, "fourteen|vierzehn|quatorze|catorce|quattordici"],
  [15, "fifteen|fünfzehn|quinze|quince|quindici"],
  [16, "sixteen|sechzehn|seize|sedici"],
  [17, "seventeen|siebzehn"],
  [18, "eighteen|achtzehn"],
  [19, "nineteen|neunzehn"],
  [20, "twenty|zwanzig|vingt|veinte|venti|vinte|twintig|dwadzieścia|двадцать"],
  [30, "thirty|dreißig|trente|treinta|trenta|trinta|dertig|trzydzieści|тридцать"],
  [40, "forty|vierzig|quarante|cuarenta|quaranta|quarenta|veertig|czterdzieści|сорок"],
  [50, "fifty|fünfzig|cinquante|cincuenta|cinquanta|cinquenta|vijftig|пятьдесят"],
  [60, "sixty|sechzig|soixante|sesenta|sessanta|sessenta|zestig|шестьдесят"],
  [70, "seventy|siebzig|setenta|settanta|zeventig"],
  [80, "eighty|achtzig|ochenta|ottanta|tachtig"],
  [90, "ninety|neunzig|noventa|novanta|negentig"],
  [100, "hundred|hundert|cent|cien|cento|cem|honderd|sto|сто"]
]

/** Days by what they are for: those of work, those of rest. */
export const DAY_GROUPS: ReadonlyArray<string> = [
  "weekday/weekdays|weekend/weekends",
  "werktag/werktags/werktage/werktagen|wochenende/wochenenden",
  "werkdag/werkdagen/doordeweeks|weekeinde/weekeinden",
  "feriale/feriali|festivo/festivi",
  "будни/будням/будние|выходные/выходным/выходных",
  "vardag/vardagar/hverdager|helg/helgen/helger",
  "平日/평일|週末/周末/주말"
]

/** Colours, each with its forms. */
export const COLOURS: ReadonlyArray<string> = [
  "red|blue|green|yellow|black|white|grey/gray|brown|orange|pink|purple/violet|beige|olive|mustard|turquoise/teal|navy|cream|gold/golden|silver|maroon|terracotta|lilac|ivory|charcoal|burgundy",
  "rot/rote/roten/rotes/roter|blau/blaue/blauen/blaues/blauer|grün/grüne/grünen/grünes/grüner|gelb/gelbe/gelben|schwarz/schwarze/schwarzen|weiß/weiße/weißen|grau/graue/grauen|braun/braune/braunen|rosa|lila|türkis",
  "rouge/rouges|bleu/bleue/bleus/bleues|vert/verte/verts/vertes|jaune/jaunes|noir/noire/noirs/noires|blanc/blanche/blancs/blanches|gris/grise|marron|rose|violet/violette",
  "rojo/roja/rojos/rojas|azul/azules|verde/verdes|amarillo/amarilla|negro/negra/negros/negras|blanco/blanca/blancos/blancas|gris/grises|marrón|rosa|morado/morada",
  "rosso/rossa/rossi/rosse|blu/azzurro/azzurra|verde/verdi|giallo/gialla|nero/nera/neri/nere|bianco/bianca/bianchi/bianche|grigio/grigia|marrone|viola",
  "vermelho/vermelha|azul/azuis|verde/verdes|amarelo/amarela|preto/preta|branco/branca|cinzento/cinzenta/cinza|castanho/castanha|roxo/roxa",
  "rood/rode|blauw/blauwe|groen/groene|geel/gele|zwart/zwarte|wit/witte|grijs/grijze|bruin/bruine|roze|paars/paarse",
  "czerwony/czerwona/czerwone|niebieski/niebieska/niebieskie|zielony/zielona/zielone|żółty/żółta/żółte|czarny/czarna/czarne|biały/biała/białe|szary/szara/szare",
  "красный/красная/красное/красные|синий/синяя/синее/синие|голубой/голубая|зелёный/зелёная/зелёное/зелёные|жёлтый/жёлтая|чёрный/чёрная/чёрное/чёрные|белый/белая/белое/белые|серый/серая",
  "kırmızı|mavi|yeşil|sarı|siyah|beyaz|gri|kahverengi|pembe|mor",
  "红色/赤/赤い/빨간/빨강|蓝色/青/青い/파란/파랑|绿色/緑/초록|黄色/黄色い/노란/노랑|黑色/黒/黒い/검은/검정|白色/白い/하얀/흰색|灰色/회색"
]

/** Scripts with spaces: whole words. `weekday` stands for any of them. */
export const CUE_WORDS: ReadonlyArray<CueWords> = [
  {
    languages: "en",
    change:
      "now|from now on|from next|from tomorrow|from weekday|as from|starting|effective|as of|no longer|not anymore|any more|anymore|any longer|instead|moved|moving|switched|changed|" +
      "shifted|replaced|became|turned * into|turned into|cancelled|canceled|called off|postponed|rescheduled|renamed|" +
      "stopped|quit|gave up|given up|these days|nowadays|since|went back|back to|split up|separated|retired|" +
      "resigned|sold|done with|left|swapped|upgraded|downgraded|migrated|merged|closed|shut down|expired|broke|broken|lost|stolen|died|raised|reduced|increased|dropped|lowered|cut|extended|shortened|took over|taken over|takes over|handed over|passed to|went up|went down|gone up|gone down|is gone|are gone|promoted|transferred|divorced|married|broke up|in the end|finally|by now|turned out|turns out|no more|brought forward|put off|pushed|put back|converted|updated|adjusted|revised|got rid of|gave away|grown|grew|past it|ended|over now|we're on|i'm on|down to|up to",
    correction:
      "actually|correction|corrected me|got it wrong|wrong|mistaken|mistake|my mistake|mixed up|mixed it up|mixed them up|misread|misspoke|mistyped|misjudged|misremembered|" +
      "misheard|miscounted|swapped|i meant|i mean|typo|not true|scratch that|never mind|forget|measured again|counted again|" +
      "looked again|checked again|double checked|reread|recounted|i checked|i looked|correct that|error",
    choice:
      "scrap it|scrap that|ditch it|bin it|drop it|new idea|better idea|new plan|sod it|screw it|you know what|or no|oh wait|on second thought|on second thoughts|second thoughts|on reflection|thinking about it|come to think of it|having slept on it|" +
      "better|even better|preferably|rather|or rather|instead|make it|make that|let's make it|let's say|let's do|let's go with|" +
      "let's go for|let's take|let's have|let's try|lets do|lets go with|lets take|i'd rather|i'd prefer|i'd sooner|" +
      "go for|go with|i'll take|i'll go with|i'll have|we'll take|we'll go with|switch to|change to|swap * for|move it|move that|" +
      "move this|move them|change it|change that|change this|push it|push that|shift it|shift that|bump it|bring it forward|" +
      "put that|switch it|swap it|raise it|lower it|up it|turn it|turn that|wait|hang on|hold on|oops|whoops|sorry|" +
      "scratch that|strike that|forget that|forget it|never mind|nevermind|ignore that|ignore the|no wait|ah no|oh no|no sorry|" +
      "after all|changed my mind|change my mind|actually|in fact|correction|from now on|will do|is plenty|is enough|would do|" +
      "works better|suits me better|suits us better|it is|the other one|too late|too early|too much|too many|too expensive|" +
      "too small|too big|no make|no let's|no it|no not",
    once:
      "this once|for once|just once|only once|this time|that time|one time|one off|exceptionally|as an exception|" +
      "today only|only today|only this week|just this week|last weekday|this weekday|last weekend|this weekend|this week only|temporarily|for now|for the time being|in the meantime|just for|for a change|this week|this month|until further",
    always:
      "every|each|always|weekends|weekdays|usually|normally|weekly|daily|monthly|regularly|once a week|twice a week|as a rule|generally",
    also: "also|too|as well|another|additionally|besides|in addition|plus|both",
    perhaps:
      "if|whether|maybe|perhaps|might|could|would|should|wish|wondering|wonder|thinking of|thinking about|considering|" +
      "hope|hoping|probably|unless",
    history:
      "used to|back then|at the time|formerly|previously|as a child|as a kid|years ago|originally|in those days",
    stays: "still|stays|unchanged|remains|as before|same as before|as always|keeps",
    negation:
      "not|no|no longer|never|isn't|isnt|aren't|arent|don't|dont|doesn't|doesnt|won't|wont|without|instead of|" +
      "rather than|forget|forget the|done with|sold|stopped|quit|gave up|given up|giving up|cannot|can't|cant|couldn't|couldnt|shouldn't|shouldnt|wouldn't|wouldnt|wasn't|wasnt|weren't|werent|didn't|didnt|hasn't|hasnt|haven't|havent|hadn't|hadnt|mustn't|needn't|ain't|none|nobody|nothing|neither|nor",
    first: "i|i'm|im|i've|ive|i'll|i'd|me|my|mine|we|we're|we've|we'll|our|ours|us",
    third: "he|she|his|her|their|hers|theirs|he's|she's|they|they're",
    people:
      "mother|mum|mom|dad|father|brother|sister|cousin|aunt|uncle|niece|nephew|wife|husband|son|daughter|grandma|" +
      "grandpa|grandmother|grandfather|friend|colleague|boss|neighbour|neighbor|partner|roommate|flatmate|girlfriend|boyfriend|" +
      "brothers|sisters|cousins|neighbours|neighbors|aunts|uncles|parents|kids|children|friends|colleagues|in laws|mother's|mum's|mom's|dad's|father's|brother's|" +
      "sister's|cousin's|aunt's|uncle's|wife's|husband's|son's|daughter's|friend's|neighbour's|neighbor's|boss's|colleague's",
    home: "live|lives|living|lived|reside|home|address|flat|apartment|house",
    moves: "moved|moving|relocated|moved out|moved house"
  },
  {
    languages: "de",
    change:
      "jetzt|nun|ab nachster|ab nachsten|ab morgen|ab weekday|kunftig|in zukunft|inzwischen|mittlerweile|ab sofort|von nun an|ab jetzt|nicht mehr|kein * mehr|keine * mehr|keinen * mehr|" +
      "stattdessen|statt|umgezogen|ausgezogen|weggezogen|gewechselt|geandert|seit neuestem|seit|neuerdings|verlegt|verschoben|abgesagt|aufgehort|" +
      "gekundigt|verkauft|ersetzt|umgestellt|umgeraumt|geworden|verlassen|ausgetauscht|getauscht|erhöht|gesenkt|verlängert|verkürzt|gekürzt|übernommen|übergeben|gestorben|verloren|kaputt|geschlossen|befördert|versetzt|geschieden|getrennt|verheiratet|endlich|am ende|schließlich|aufgegeben|angepasst|aktualisiert|gestiegen|gesunken|abgeschafft|gewandert|umgestiegen|umbenannt|vorgezogen|zurückgezogen|weg",
    correction:
      "falsch|irrtum|verguckt|verschrieben|vertippt|verhort|blodsinn|quatsch|unsinn|geirrt|vertan|verwechselt|korrektur|eigentlich|stimmt nicht|doch nicht|verlesen|versprochen|verzahlt|" +
      "nachgesehen|nachgeschaut|nachgemessen|fehler|ich meinte|berichtigung|richtigstellung|verrechnet|versehentlich",
    choice:
      "lieber|doch|besser|stattdessen|ach nein|moment|warte|dann|eher|nehmen wir|mach|verschieb*|verleg*|von jetzt an|überlegt|bei näherer überlegung|wenn ich's mir überlege|bitte doch|machen wir|mach daraus|mach das|ändere|ändern wir|änder das|verschieben wir|tausch|nimm|nehme ich|reicht|genügt|ist besser|wäre besser|vergiss|streich|hoppla|sorry|entschuldigung|halt|zu spät|zu früh|zu viel|zu teuer|oder nein|nein warte|nein lieber|nein doch",
    once: "ausnahmsweise|diesmal|dieses mal|nur heute|nur diese woche|einmalig|letzten weekday|diesen weekday|am letzten weekday|vorübergehend|zeitweise|zur abwechslung|diese woche|vorerst",
    always:
      "jeden|jede|jedes|immer|normalerweise|gewöhnlich|wöchentlich|täglich|monatlich|regelmäßig|meistens|montags|dienstags|mittwochs|donnerstags|freitags|samstags|sonntags",
    also: "auch|ausserdem|zusatzlich|noch ein|noch eine|noch einen|daneben",
    perhaps: "wenn|falls|ob|vielleicht|eventuell|wurde|konnte|sollte|mochte|uberlege",
    history: "fruher|damals|ehemals|als kind|vorher|ursprunglich",
    stays: "bleibt|weiterhin|immer noch|noch immer|unverandert|nach wie vor",
    negation:
      "nicht|kein|keine|keinen|nie|statt|ohne|nicht mehr|keinem|keiner|keines|niemand|nichts|niemals|weder|nirgends",
    first: "ich|mir|mich|mein|meine|meinen|meinem|meiner|wir|uns|unser|unsere|unseren|unserem|unserer",
    third: "er|sein|seine|seinen|seinem|seiner|ihr|ihre|ihren|ihrem|ihrer",
    people:
      "mutter|mutti|mama|mamas|vater|vaters|papa|papas|bruder|bruders|brudern|schwester|schwestern|cousin|cousins|" +
      "cousine|tante|onkel|onkels|nichte|neffe|neffen|frau|mann|mannes|sohn|sohnes|tochter|tochtern|oma|omas|opa|opas|" +
      "enkel|enkelin|freund|freundes|freunde|freundin|kollege|kollegen|kollegin|chef|chefs|chefin|nachbar|nachbarn|" +
      "nachbarin|schwager|schwagerin|schwieger*|eltern|kinder|kindern|mitbewohner*",
    home: "wohn*|lebe|leben|zuhause|adresse|wohnung",
    moves: "umgezogen|gezogen|ausgezogen|weggezogen|umziehen"
  },
  {
    languages: "fr",
    change:
      "maintenant|a partir|des weekday|desormais|dorenavant|n'est plus|ne * plus|n'* plus|a present|a la place|demenage|change|au lieu|deplace|" +
      "reporte|annule|arrete|c'est fini|remplace|passe a|depuis|vendu|vendue|quitte|augmenté|baissé|diminué|prolongé|raccourci|repris|perdu|cassé|fermé|promu|promue|muté|mutée|divorcé|séparés|marié|mariée|enfin|finalement|abandonné|ajusté|mis à jour|parti|partie|échangé|échangée|changée|changés|rebaptisé|avancé|déménagée",
    correction:
      "erreur|trompe|trompee|en fait|correction|confondu|confondue|je voulais dire|verifie|en realite|me suis trompe*|rectification|je rectifie|je corrige|au temps pour moi|autant pour moi",
    choice:
      "plutot|finalement|mieux|en fait|attends|alors|prefere|a la place|pensant|tout compte fait|réflexion faite|à la réflexion|en y pensant|mettons|mettez|mets|prenons|je prends|changez|changeons|décale|décalons|décaler|oublie|oubliez|suffit|suffira|ce serait mieux|c'est mieux|pardon|désolé|désolée|minute|trop tard|trop tôt|trop cher|non attends|ou non",
    once: "exceptionnellement|cette fois|pour une fois|weekday dernier|ce weekday|seulement aujourd'hui|provisoirement|temporairement|pour l'instant|cette semaine",
    always:
      "chaque|toujours|d'habitude|tous les|toutes les|normalement|le weekday|habituellement|une fois par",
    also: "aussi|egalement|en plus|un autre|une autre",
    perhaps: "si|peut etre|pourrait|pourrais|voudrais|devrait|au cas ou",
    history: "autrefois|a l'epoque|auparavant|dans le temps|etant enfant",
    stays: "toujours|reste|encore|inchange",
    negation: "pas|plus|jamais|sans|au lieu de|non|aucun|aucune|rien",
    first: "je|j'ai|j'*|moi|mon|ma|mes|nous|notre|nos|on",
    third: "elle|leur|leurs|sa|ses",
    people:
      "mere|pere|frere|soeur|cousin|cousine|tante|oncle|niece|neveu|femme|mari|fils|fille|grand mere|grand pere|ami|amie|" +
      "collegue|patron|voisin|voisine|beau frere|belle soeur|parents|enfants",
    home: "habit*|vis|vit|vivons|vivez|loge*|adresse|appartement",
    moves: "demenage*"
  },
  {
    languages: "es",
    change:
      "ahora|ya no|a partir de|actualmente|en vez|en lugar|mudado|mudamos|mude|mudo|cambiado|cambiamos|cambie|cambio|dejado|" +
      "deje|cancelado|aplazado|desde|vendido|hoy en dia|sustituido|subió|bajó|subieron|bajaron|subido|bajado|aumentado|reducido|ampliado|perdido|roto|cerrado|cerró|ascendido|trasladado|trasladaron|divorciado|separado|casado|por fin|al final|abandonado|ajustado|actualizado|se fue|cambiada|cambiaron|adelantado|retrasado|pospuesto|renombrado",
    correction:
      "equivoque|equivocado|equivocada|en realidad|confundi|error|corrijo|quise decir|correccion|me equivoque|rectifico|rectificacion|fe de erratas",
    choice:
      "mejor|pensandolo|al final|prefiero|espera|entonces|mas bien|cambialo|ponlo|pasalo|pensándolo bien|bien pensado|ahora que lo pienso|cambiamos|cámbialo|pásalo|ponla|pasemos|pongamos|dejémoslo|quita|olvida|olvídalo|basta|es suficiente|perdón|perdona|que sea|que sean|prefiero|demasiado|mejor no|no mejor|no espera|ay no",
    once: "esta vez|excepcionalmente|por una vez|solo hoy|weekday pasado|este weekday|temporalmente|provisionalmente|por ahora|de momento|esta semana",
    always: "cada|siempre|normalmente|todos los|todas las|los weekday|habitualmente|una vez por|una vez a la",
    also: "tambien|ademas|otro|otra",
    perhaps: "si|quiza|quizas|tal vez|podria|deberia|quisiera",
    history: "antiguamente|solia|antes|de nino|de nina|en aquella epoca",
    stays: "sigue|todavia|igual|aun|se queda",
    negation: "no|nunca|sin|en vez de|ya no|ningún|ninguno|ninguna|nada|nadie|tampoco",
    first: "yo|mi|mis|me|nosotros|nuestro|nuestra|nuestros|nuestras|nos|tengo|soy|estoy",
    third: "ella|su|sus",
    people:
      "madre|padre|hermano|hermana|primo|prima|tia|tio|sobrina|sobrino|mujer|marido|hijo|hija|abuela|abuelo|amigo|amiga|" +
      "colega|jefe|jefa|vecino|vecina|cunado|cunada|padres|hijos",
    home: "vivo|vive|vivimos|viven|vives|vivis|direccion|piso",
    moves: "mudado|mudamos|mude|mudo|mudanza|mudaron"
  },
  {
    languages: "it",
    change:
      "ora|adesso|ormai|non piu|non * piu|invece|cambiato|cambiata|trasferito|trasferita|spostato|spostata|annullato|" +
      "d'ora in poi|smesso|da quando|venduto|sostituito|rimandato|aumentato|aumentata|ridotto|ridotta|prolungato|accorciato|perso|persa|rotto|rotta|chiuso|chiusa|promosso|promossa|divorziato|separati|sposato|finalmente|alla fine|abbandonato|aggiornato|andato via|anticipato|posticipato|passato a|passata a|lasciato|lasciata",
    correction:
      "sbagliato|sbagliata|in realta|confuso|confusa|errore|correzione|volevo dire|mi sono sbagliat*|rettifica|rettifico|correggo|mi correggo",
    choice:
      "meglio|piuttosto|anzi|alla fine|aspetta|allora|preferisco|invece|spostalo|facciamo|ripensandoci|a pensarci bene|pensandoci|mettiamo|metti|prendiamo|prendo|cambiamo|spostiamo|spostala|lascia stare|dimentica|basta|bastano|sarebbe meglio|è meglio|scusa|un attimo|troppo|no aspetta|o meglio|preferirei",
    once: "questa volta|eccezionalmente|per una volta|solo oggi|weekday scorso|questo weekday|temporaneamente|provvisoriamente|per ora|per adesso|questa settimana",
    always: "ogni|sempre|di solito|normalmente|tutti i|tutte le|il weekday|la weekday|una volta a",
    also: "anche|inoltre|un altro|un'altra",
    perhaps: "se|forse|potrebbe|vorrei|dovrebbe|magari",
    history: "una volta|un tempo|all'epoca|da bambino|da bambina|in passato",
    stays: "ancora|resta|rimane|sempre",
    negation: "non|mai|senza|invece di|no|nessun|nessuno|nessuna|niente|nulla",
    first: "io|mio|mia|miei|mie|mi|noi|nostro|nostra|nostri|nostre|ci",
    third: "lui|lei|suo|sua|suoi|sue|loro",
    people:
      "madre|padre|fratello|sorella|cugino|cugina|zia|zio|nipote|moglie|marito|figlio|figlia|nonna|nonno|amico|amica|" +
      "collega|capo|vicino|vicina|cognato|cognata|genitori|figli",
    home: "abit*|vivo|vive|viviamo|vivono|indirizzo|casa",
    moves: "traslocat*|trasferit*"
  },
  {
    languages: "pt",
    change:
      "agora|ja nao|a partir de|em vez|mudou|mudamos|mudei|mudaram|trocou|troquei|trocamos|deixei|cancelado|adiado|desde|" +
      "nao * mais|vendido|passou a|atualmente|subiu|desceu|aumentou|reduziu|prolongado|perdido|partido|fechou|promovido|promovida|transferido|transferida|divorciado|separados|casado|finalmente|no fim|abandonado|atualizado|foi embora|antecipado|alterado|alterada|mudado|mudada",
    correction:
      "enganei|na verdade|afinal|engano|erro|corrijo|enganado|enganada|queria dizer|correcao|retifico|retificando|retificacao|corrigindo",
    choice:
      "melhor|afinal|prefiro|espera|entao|em vez|passa para|muda para|pensando melhor|pensando bem|bem pensado|agora que penso|mudamos|põe|ponha|passa|passamos|fica|fiquemos|esquece|basta|chega|seria melhor|é melhor|desculpa|desculpe|aliás|ou melhor|prefiro|prefiro antes|demasiado|não espera|que seja|que sejam",
    once: "desta vez|excecionalmente|excepcionalmente|por uma vez|so hoje|weekday passado|weekday passada|esta weekday|temporariamente|provisoriamente|por agora|por enquanto|esta semana",
    always: "cada|sempre|normalmente|todos os|todas as|às weekday|aos weekday|habitualmente|uma vez por",
    also: "tambem|alem|outro|outra",
    perhaps: "se|talvez|poderia|gostaria|devia",
    history: "antigamente|costumava|dantes|naquela altura|em crianca",
    stays: "ainda|continua|fica na mesma|fica igual|igual",
    negation: "nao|nunca|sem|em vez de|nenhum|nenhuma|nada|ninguém|nem",
    first: "eu|meu|minha|meus|minhas|nos|nosso|nossa|nossos|nossas|me",
    third: "ele|ela|dele|dela|seu|sua",
    people:
      "mae|pai|irmao|irma|primo|prima|tia|tio|sobrinha|sobrinho|mulher|marido|filho|filha|avo|amigo|amiga|colega|chefe|" +
      "vizinho|vizinha|cunhado|cunhada|pais|filhos",
    home: "moro|mora|moramos|moram|vivo|vive|vivemos|morada|endereco",
    moves: "mudei|mudamos|mudou|mudaram"
  },
  {
    languages: "nl",
    change:
      "nu|voortaan|inmiddels|niet meer|geen * meer|verhuisd|veranderd|verzet|verplaatst|gestopt|in plaats|sinds|" +
      "tegenwoordig|gewisseld|afgezegd|uitgesteld|verkocht|vanaf nu|opgezegd|verhoogd|verlaagd|verlengd|verkort|overgenomen|overgedragen|verloren|kapot|gesloten|gepromoveerd|overgeplaatst|gescheiden|getrouwd|eindelijk|uiteindelijk|opgegeven|aangepast|bijgewerkt|vertrokken|omgeruild|vervangen|overgestapt|vervroegd|hernoemd|weg",
    correction:
      "vergist|fout|verkeerd|eigenlijk|correctie|nagemeten|nagekeken|ik bedoelde|vergissing|rectificatie",
    choice:
      "liever|toch|beter|bij nader inzien|wacht|dan|doe maar|maak er|bij nader inzien|nu ik erover nadenk|doe toch|maak daar|zet|verzet|verplaats|laten we|neem|ik neem|vergeet|is genoeg|is beter|zou beter|sorry|oeps|wacht even|te laat|te vroeg|te veel|te duur|of nee|nee wacht|nee toch|ik heb liever",
    once: "deze keer|dit keer|uitzonderlijk|bij uitzondering|voor een keer|alleen vandaag|afgelopen weekday|vorige weekday|tijdelijk|voorlopig|deze week",
    always: "elke|iedere|altijd|normaal|meestal|wekelijks|dagelijks|gewoonlijk|op weekday",
    also: "ook|daarnaast|bovendien|nog een",
    perhaps: "als|of|misschien|zou|zouden|wellicht",
    history: "vroeger|destijds|toentertijd|als kind",
    stays: "nog steeds|blijft|nog altijd|ongewijzigd",
    negation: "niet|geen|nooit|zonder|in plaats van|niets|niemand|nergens",
    first: "ik|mij|mijn|me|wij|we|ons|onze",
    third: "hij|haar|hun|ze",
    people:
      "moeder|vader|broer|zus|neef|nicht|tante|oom|vrouw|man|zoon|dochter|oma|opa|vriend|vriendin|collega|baas|buurman|" +
      "buurvrouw|zwager|schoonzus|ouders|kinderen",
    home: "woon|woont|wonen|woonde|adres|woning",
    moves: "verhuisd|verhuizen"
  },
  {
    languages: "pl",
    change:
      "teraz|obecnie|juz nie|odtad|zamiast|od teraz|zmieni*|przenio*|przeniesi*|przeprowadzi*|przelozo*|odwola*|przesta*|sprzeda*|podwyższ*|obniż*|przedłuż*|skróc*|zgubi*|zepsu*|zamkn*|awansowa*|rozwied*|wreszcie|w końcu|porzuci*|zaktualizowa*|odeszł*|odszedł|wymieni*|zastąpi*|przesiadł*|przenies*|przesun*",
    correction:
      "pomyli*|blad|nie tak|poprawka|wlasciwie|sprawdzi*|tak naprawde|sprostowanie|prostuje|korekta|pomylka",
    choice:
      "jednak|lepiej|raczej|wole|czekaj|przeloz*|zmien*|to moze|po namyśle|jak tak myślę|przesuń|przesuńmy|przełóżmy|zróbmy|weźmy|wezmę|niech będzie|wystarczy|będzie lepiej|przepraszam|zaraz|zapomnij|za późno|za wcześnie|za dużo|za drogo|albo nie|nie czekaj|nie lepiej",
    once: "wyjatkowo|tym razem|jednorazowo|tylko dzis|ostatni* weekday|w ostatni*|tymczasowo|chwilowo|na razie|w tym tygodniu",
    always: "co|każdy|każda|każdą|zawsze|zwykle|zazwyczaj|w weekday|we weekday|codziennie",
    also: "tez|takze|rowniez|jeszcze",
    perhaps: "jesli|jezeli|moze|chyba|gdyby|czy",
    history: "kiedys|dawniej|wczesniej|w dziecinstwie",
    stays: "nadal|wciaz|zostaje|bez zmian",
    negation: "nie|nigdy|bez|zamiast|nic|nikt|żaden|żadna|żadne|ani",
    first: "ja|moj|moja|moje|moim|mojej|mi|mnie|my|nasz|nasza|nasze|naszej|nas|nam",
    third: "ona|jego|jej|ich",
    people:
      "matka|matki|matce|matke|mama|mamy|mamie|mame|ojciec|ojca|ojcu|ojcem|tata|taty|tacie|tate|brat|brata|bratu|bratem|" +
      "siostr*|kuzyn*|cioci*|ciotk*|wuj*|zona|zony|zonie|maz|meza|mezowi|mezem|syn|syna|synowi|synem|corka|corki|" +
      "corce|corke|babci*|dziadek|dziadk*|przyjaciel*|przyjaciolk*|kolega|kolegi|koledze|kolege|kolezan*|szef*|sasiad*|" +
      "szwagier|szwagr*|teściow*|teścia|rodzic*|dzieci",
    home: "mieszka*|adres|mieszkanie",
    moves: "przeprowadzi*|wyprowadzi*"
  },
  {
    languages: "ru uk bg",
    change:
      "теперь|сейчас|больше не|уже не|вместо|переехал*|перенес*|сменил*|отменил*|отныне|поменял*|продал*|перестал*|бросил*|с тех пор|" +
      "тепер|зараз|більше не|вже не|замість|переїхал*|змінил*|скасували|повысил*|снизил*|увеличил*|уменьшил*|продлил*|потерял*|сломал*|закрыл*|перевел*|развел*|наконец|в итоге|обновил*|ушел|ушла|заменил*|перешел|перешла|перешли|переименовал*|съехал*|уволил*",
    correction:
      "ошиб*|на самом деле|перепутал*|поправка|оговорил*|проверил*|вообще то|помилил*|насправді|переплутал*|исправлен*|уточнен*|опечатк*|виправлен*|грешк*",
    choice:
      "лучше|все таки|передумал*|подожди|давай|тогда|краще|все ж таки|ні|хотя нет|пожалуй|подумав|если подумать|перенеси*|перенесем|перенесём|поменяй*|измени*|пусть будет|сделаем|возьмем|возьму|хватит|достаточно|забудь|извини*|стой|погоди|слишком|нет лучше|краще|перенеси|змін*|хай буде|вистачить",
    once: "в этот раз|на этот раз|в виде исключения|один раз|только сегодня|в прошл* weekday|цього разу|як виняток|временно|пока что|на этой неделе|тимчасово",
    always: "каждый|каждую|каждое|всегда|обычно|по weekday|еженедельно|ежедневно|кожного|завжди|зазвичай",
    also: "тоже|также|еще|теж|також|ще",
    perhaps: "если|может|наверное|возможно|бы|ли|якщо|можливо|мабуть",
    history: "раньше|прежде|когда то|тогда|в детстве|раніше|колись",
    stays: "по прежнему|остается|все еще|так же|досі|залишається",
    negation: "не|нет|никогда|без|вместо|ні|ніколи|ничего|никто|ни|нельзя|нічого|ніхто|няма|нищо|никой",
    first: "я|мне|меня|мой|моя|мое|моего|моей|мы|нас|нам|наш|наша|наше|у меня|у нас|мій|моє|ми|нам",
    third: "он|она|его|ее|их|він|вона|її|його",
    people:
      "мать|матери|матерью|мама|мамы|маме|маму|мамой|мамин*|отец|отца|отцу|отцом|папа|папы|папе|папу|папой|папин*|брат|" +
      "брата|брату|братом|братов|сестр*|тетя|тети|тете|тетю|дядя|дяди|дяде|дядю|племянни*|жена|жены|жене|жену|женой|муж|" +
      "мужа|мужу|мужем|сын|сына|сыну|сыном|дочь|дочери|дочк*|бабушк*|дедушк*|друг|друга|другу|подруг*|коллег*|начальни*|" +
      "сосед*|родител*|дети|детей|мати|тато|тата|бабус*|дідус*|дружин*|чоловіка|доньк*|сусід*|колег*|майка|баща|съпруг*|" +
      "дъщер*|приятел*|съсед*",
    home: "жив*|адрес|квартир*|мешка*",
    moves: "переехал*|переїхал*|съехал*"
  },
  {
    languages: "tr",
    change:
      "artik|simdi|bundan sonra|bundan boyle|yerine|degisti*|tasindi*|ertelendi|iptal|birakti*|gecti*|sattik|sattim|arttı*|düştü|uzatıldı|kısaltıldı|kaybettim|bozuldu|kapandı|terfi|boşandı*|sonunda|güncellendi|ayrıldı*|değiştirdi*|taşıdı*|geçtik|geçtim",
    correction: "yanlis|aslinda|hata|duzelt*|karistirdi*|baktim",
    choice:
      "daha iyi|aslinda|vazgec*|bekle|olsun|yerine|en iyisi|düşündüm de|aslında|değiştir*|kaydır*|al*alım|yapalım|olsa|yeter|yeterli|pardon|özür|dur|boşver|unut|çok geç|çok erken|çok pahalı|tercih*|yok dur|iyisi mi",
    once: "bu sefer|bu kez|bir kereligine|bir defalik|sadece bugun|gecen weekday|geçici|şimdilik|bu hafta",
    always: "her|hep|daima|genelde|genellikle|haftada bir",
    also: "ayrica|baska bir|bir de",
    perhaps: "eger|belki|keske|galiba",
    history: "eskiden|onceden|o zamanlar|cocukken",
    stays: "hala|ayni|degismedi",
    negation: "degil|yok|yerine|hic",
    first: "ben|benim|bana|beni|biz|bizim|bize|bizi",
    third: "onun|onlarin",
    people:
      "anne|annem*|anneann*|baba|babam*|babaann*|kardes*|abim*|agabey*|abla|ablam*|kuzen*|teyze|teyzem*|amca|amcam*|" +
      "dayi|dayim*|halam*|dedem*|ninem*|yegen*|esim*|kocam*|oglum*|kizim*|arkadas*|komsu*|patron*|mudur*|kaynana*|" +
      "kayinvalide*",
    home: "otur*|yasiyor*|yasar*|adres*|ev",
    moves: "tasindi*"
  },
  {
    languages: "sv no",
    change:
      "numera|inte langre|ikke lenger|ikke laengere|istallet|i stallet|i stedet|flyttat|flyttet|bytt|byttet|skiftet|andrat|endret|" +
      "aendret|na|nuvarande|installt|avlyst|aflyst|sedan|siden|höjt|höjts|sänkt|økt|hævet|sænket|förlängt|forlenget|förlorat|mistet|trasig|ødelagt|stängt|stengt|lukket|befordrad|forfremmet|skild|skilt|gift|äntligen|endelig|till slut|til slutt|uppdaterat|oppdatert|slutat|sluttet|holdt op|ersatt|erstattet",
    correction:
      "fel|egentligen|faktiskt|faktisk|feil|forkert|forvaxlade|rettelse|rattelse|tog fel|tok feil|korrigering|korreksjon|korrektion|misstag|blandade ihop",
    choice:
      "hellre|battre|heller|bedre|hellere|bedst|vanta|vent|istallet|i stedet|vid närmare eftertanke|ved nærmere ettertanke|ved nærmere eftertanke|ändra|endre|ändra det|flytta|flytt|flyt|vi tar|vi tager|låt oss|la oss|lad os|räcker|holder|er nok|är bättre|er bedre|förlåt|beklager|undskyld|glöm|glem|för sent|for sent|nej vänta|nei vent|nej vent|jag tar",
    once: "den har gangen|denne gangen|denne gang|undantagsvis|unntaksvis|undtagelsesvis|i weekday|tillfälligt|midlertidig|midlertidigt|foreløbig|foreløpig|tills vidare|denna vecka|denne uken|denne uge",
    always: "varje|hver|alltid|altid|vanligtvis|vanligvis|vanligen|brukar|pleier",
    also: "ocksa|ogsa|dessutom|dessuten|desuden|aven",
    perhaps: "om|kanske|kanskje|maske|hvis|skulle|ville",
    history: "forr|forut|den gangen|dengang|tidigare|tidligere|som barn",
    stays: "fortfarande|fortsatt|stadig|forblir",
    negation: "inte|ikke|ingen|inget|aldri|aldrig|istallet for|i stedet for|inga|intet|ej|utan|uten|uden",
    first: "jag|jeg|mig|meg|min|mitt|mina|mine|vi|oss|os|var|vart|vara|vores",
    third: "han|hon|hun|hans|hennes|hendes|deras|deres",
    people:
      "mamma|mammas|pappa|pappas|mor|mors|far|fars|bror|brors|soster|sosters|syster|systers|kusin|kusins|faster|moster|" +
      "tante|onkel|onkels|fru|frus|man|kone|kones|mann|son|sons|sonn|dotter|dotters|datter|datters|mormor|morfar|farmor|" +
      "farfar|van|kollega|kollegas|chef|chefs|sjef|granne|grannes|nabo|nabos",
    home: "bor|bodde|adress",
    moves: "flyttat|flyttet"
  },
  {
    languages: "fi",
    change:
      "nyt|nykyään|ei enää|en enää|sijaan|muutti|muutin|muutimme|vaihto*|vaihdoin|vaihdoimme|peruttu|siirretty|siirtyi|lopetin",
    correction: "väärin|itse asiassa|virhe|oikaisu|erehdyin|tarkistin|sekoitin|muistin väärin",
    choice:
      "mieluummin|sittenkin|odota|parempi|toisaalta|tarkemmin ajatellen|siirrä|siirretään|vaihdetaan|otetaan|riittää|olisi parempi|anteeksi|unohda|ei kun",
    once: "tällä kertaa|poikkeuksellisesti|viime weekday",
    always: "joka|aina|yleensä|tavallisesti|viikoittain",
    also: "myös|lisäksi",
    perhaps: "jos|ehkä",
    history: "ennen|aikaisemmin|tuolloin|lapsena",
    stays: "edelleen|yhä|ennallaan",
    negation: "ei|en|eivät|ilman|sijaan|emme|eikä|enkä|koskaan",
    first: "minä|minun|me|meidän|minulla|meillä",
    third: "hänen|heidän|hän",
    people:
      "äiti|äidin|äitini|äidille|äidillä|isä|isän|isäni|isälle|isällä|veli|veljen|veljeni|veljelle|veljellä|sisko*|" +
      "siska*|serkku*|serkun|täti|tädi*|setä|setäni|eno|enoni|vaimo*|mieheni|mieheltä|poika|poikani|pojan|tytär|tyttäre*|" +
      "ystävä*|naapuri*|mummo*|mummi*|kaveri*|lapsen|lapset|vanhempi*"
  },
  {
    languages: "cs",
    change: "teď|nyní|už ne|místo|přestěhova*|změni*|přesun*|zrušen*|přestal*|prodal*",
    correction: "špatně|vlastně|omyl|spletl*|oprava|ověřil*",
    choice:
      "raději|radši|lépe|počkej|nakonec|po zvážení|přesuň*|změň*|vezmeme|vezmu|stačí|bylo by lepší|promiň|zapomeň|vlastně|nebo ne|ne počkej",
    once: "tentokrát|výjimečně|jen dnes|minul* weekday",
    always: "každý|každou|každé|vždy|vždycky|obvykle",
    also: "také|taky|navíc",
    perhaps: "pokud|jestli|možná|asi",
    history: "dříve|kdysi|tehdy|jako dítě",
    stays: "stále|pořád|beze změny",
    negation: "ne|není|nikdy|bez|místo|nic|nikdo|žádný|žádná|žádné|nemá|nemám|nechci|nejsem|nejsou",
    first: "já|můj|moje|moji|nás|náš|naše",
    third: "její|jeho|jejich|ona",
    people:
      "matka|matky|matce|matku|máma|mámy|mámě|mámu|mamin*|otec|otce|otci|otcem|táta|táty|tátovi|tátu|tátův|tátova|" +
      "bratr*|sestr*|sestře|teta|tety|tetě|tetu|strýc*|manžel*|syn|syna|synovi|synem|dcera|dcery|dceři|dceru|babičk*|" +
      "babičce|dědeč*|kamarád*|soused*|šéf*|rodič*|děti|dětí"
  },
  {
    languages: "ro",
    change: "acum|nu mai|în loc|mutat|schimbat|anulat|de acum|vândut|renunțat",
    correction: "greșit|de fapt|corecție|eroare|am verificat|rectificare|rectific|corectez|m-am înșelat",
    choice:
      "mai bine|stai|prefer|totuși|dacă mă gândesc|de fapt|mută|schimbă|luăm|iau|ajunge|ar fi mai bine|scuze|uită",
    once: "de data asta|în mod excepțional|doar azi|weekday trecut*",
    always: "fiecare|mereu|întotdeauna|de obicei",
    also: "de asemenea|în plus|încă un|încă o",
    perhaps: "dacă|poate",
    history: "pe vremuri|înainte|când eram",
    stays: "încă|rămâne|neschimbat",
    negation: "nu|niciodată|fără|în loc|niciun|nicio|nimic|nimeni",
    first: "eu|meu|mea|mei|mele|noi|nostru|noastră",
    third: "lui|ei|lor",
    people:
      "mama|mamei|tata|tatălui|frate|fratele|fratelui|soră|sora|surorii|verișor|verișoara|mătuș*|unchi|unchiul|" +
      "unchiului|soție|soția|soției|soț|soțul|soțului|fiu|fiul|fiului|fiică|fiica|fiicei|bunica|bunicii|bunicul|" +
      "bunicului|prieten|prietena|prietenul|prietenului|prietenei|vecin|vecina|vecinul|vecinului|colegul|colega|șeful"
  },
  {
    languages: "hu",
    change: "most|már nem|mostantól|helyett|költözött|költöztem|költöztünk|változott|lemond*|eladtuk",
    correction: "tévedtem|valójában|hiba|helyesbítés|rosszul",
    choice:
      "inkább|jobb|mégis|várj|jobban meggondolva|inkább legyen|tegyük|cseréljük|vegyük|elég|jobb lenne|bocs|bocsánat|felejtsd",
    once: "ezúttal|kivételesen|csak ma|múlt weekday",
    always: "minden|mindig|általában",
    also: "szintén|ráadásul",
    perhaps: "ha|talán|lehet",
    history: "régen|régebben|korábban|gyerekkoromban",
    stays: "továbbra|még mindig|változatlan",
    negation: "nem|soha|nélkül|helyett|sem|semmi|senki|nincs|nincsenek|sose",
    first: "én|nekem|enyém|mi|mienk|nekünk",
    third: "ő|övé",
    people:
      "anya|anyám*|anyánk*|anyja|anyu*|apa|apám*|apánk*|apja|testvér*|nővér*|bátyá*|húgom*|öcsém*|unokatestvér*|nagynén*|nagybáty*|nagymam*|" +
      "nagyany*|nagyap*|feleség*|férjem*|fiam*|lányom*|barátom*|barátnő*|szomszéd*|kolléga|kollégá*|főnök*|szülei*|" +
      "gyerekem*|gyerekei*"
  },
  {
    languages: "el",
    change: "τώρα|πλέον|όχι πια|αντί|άλλαξε|άλλαξα|μετακόμισα|ακυρώθηκε|σταμάτησα|πουλήσαμε",
    correction: "λάθος|στην πραγματικότητα|διόρθωση|μπέρδεψα|τσέκαρα",
    choice:
      "καλύτερα|περίμενε|τελικά|αν το σκεφτώ|μάλλον|άλλαξέ|ας κάνουμε|ας πάρουμε|αρκεί|φτάνει|θα ήταν καλύτερα|λιγότερ*|συγγνώμη|ξέχνα",
    once: "αυτή τη φορά|κατ' εξαίρεση|μόνο σήμερα",
    always: "κάθε|πάντα|συνήθως",
    also: "επίσης|επιπλέον",
    perhaps: "αν|ίσως",
    history: "παλιά|τότε|παιδί",
    stays: "ακόμα|παραμένει",
    negation: "δεν|όχι|ποτέ|χωρίς|αντί|μην|κανείς|κανένας|τίποτα|ούτε",
    first: "εγώ|μου|μας|εμείς",
    third: "του|της|τους",
    people:
      "μητέρα|μητέρας|μαμά|μαμάς|πατέρας|πατέρα|μπαμπάς|μπαμπά|αδερφ*|αδελφ*|ξάδερφ*|ξαδέρφ*|θεία|θείας|θείος|θείου|" +
      "θείο|γυναίκα|γυναίκας|άντρας|άντρα|σύζυγο*|γιος|γιου|γιο|κόρη|κόρης|φίλος|φίλου|φίλο|φίλη|φίλης|γείτον*|παππού*|" +
      "γιαγιά*"
  },
  {
    languages: "vi",
    change: "bây giờ|không còn|thay vì|đã chuyển|đã đổi|từ nay|hủy|nghỉ",
    correction: "nhầm|thực ra|sai|đính chính",
    choice: "tốt hơn|thôi|đổi sang|chuyển sang|nghĩ lại|khoan|dời|để|lấy|đủ rồi|xin lỗi|thay vào đó",
    once: "lần này|ngoại lệ|chỉ hôm nay",
    always: "mỗi|luôn|thường",
    also: "cũng|ngoài ra",
    perhaps: "nếu|có lẽ",
    history: "ngày xưa|trước đây|hồi nhỏ",
    stays: "vẫn",
    negation: "không|chưa bao giờ|thay vì|chẳng|đừng|chớ",
    first: "tôi|của tôi|chúng tôi|mình",
    third: "anh ấy|cô ấy|của cô|của anh ấy",
    people: "mẹ|bố|anh trai|chị gái|em trai|em gái|vợ|chồng|con trai|con gái|bạn"
  },
  {
    languages: "id",
    change: "sekarang|tidak lagi|pindah|ganti|diganti|mulai sekarang|batal|berhenti",
    correction: "salah|sebenarnya|ralat|keliru",
    choice:
      "lebih baik|jangan|tunggu|saja|setelah dipikir|pindahkan|ubah|kita ambil|cukup|nanti|lebih awal|maaf|lupakan|malah",
    once: "kali ini|hanya hari ini|pengecualian",
    always: "setiap|tiap|selalu|biasanya",
    also: "juga|selain itu",
    perhaps: "kalau|jika|mungkin",
    history: "dulu|sebelumnya|waktu kecil",
    stays: "masih|tetap",
    negation: "tidak|bukan|tanpa|tak pernah|belum|jangan|tiada",
    first: "saya|aku|kami|kita",
    third: "dia|mereka",
    people: "ibu|ayah|kakak|adik|sepupu|paman|bibi|istri|suami|anak|teman|tetangga"
  },
  {
    languages: "ar fa",
    change: "الآن|لم يعد|لم أعد|بدلا|انتقل*|تغير*|ألغي*|من الآن|حاليا|اکنون|دیگر نه",
    correction: "خطأ|في الواقع|تصحيح|أخطأت|اشتباه|تصحیح|اصلاح|عفوا",
    choice: "أفضل|الأفضل|انتظر|بعد التفكير|غيّر*|انقل*|لنأخذ|يكفي|لاحقا|آسف|انس",
    once: "هذه المرة|استثناء|اليوم فقط",
    always: "كل|دائما|عادة|هر|همیشه",
    also: "أيضا|كذلك",
    perhaps: "إذا|ربما|لو",
    history: "سابقا|قديما|في طفولتي",
    stays: "ما زال|لا يزال",
    negation: "ليس|لا|لم|بدون|لن|غير|ليست|لست|نیست|نه|هیچ",
    first: "أنا|لدي|عندي|نحن|لدينا",
    third: "هو|هي|لها|له",
    people: "أمي|أبي|أخي|أختي|عمي|خالتي|زوجتي|زوجي|ابني|ابنتي|صديقي|جاري",
    home: "أسكن|نسكن|يسكن|تسكن|أعيش|نعيش|يعيش|عنوان",
    moves: "انتقل*"
  },
  {
    languages: "he",
    change: "עכשיו|כבר לא|במקום|עברתי|עברנו|השתנה|בוטל|מעכשיו|הפסקתי",
    correction: "טעות|טעיתי|בעצם|תיקון|התבלבלתי",
    choice: "עדיף|רגע|דווקא|במחשבה שנייה|תעביר*|תשנה|ניקח|מספיק|סליחה|תשכח",
    once: "הפעם|באופן חריג|רק היום",
    always: "כל|תמיד|בדרך כלל",
    also: "גם|בנוסף",
    perhaps: "אם|אולי",
    history: "פעם|לפני כן|בילדותי",
    stays: "עדיין|נשאר",
    negation: "לא|אין|בלי|במקום|אף|כלום|בלתי",
    first: "אני|שלי|אנחנו|שלנו|לי",
    third: "הוא|היא|שלו|שלה",
    people: "אמא|אבא|אח|אחות|דוד|דודה|אשתי|בעלי|הבן|הבת|חבר|חברה|שכן"
  },
  {
    languages: "hi bn ta",
    change: "अब|अब नहीं|बदल*|की जगह|रद्द|छोड़ दिया|এখন|আর না|বদলে|இப்போது",
    correction: "गलत|असल में|सुधार|ভুল|আসলে|தவறு|गलती|সংশোধন|திருத்தம்",
    choice: "बेहतर|रुको|বরং|சரி",
    once: "इस बार|सिर्फ आज|এবার|இந்த முறை",
    always: "हर|हमेशा|आमतौर पर|প্রতি|সবসময়|ஒவ்வொரு",
    also: "भी|ও|மேலும்",
    perhaps: "अगर|शायद|যদি|হয়তো|ஒருவேளை",
    history: "पहले|बचपन में|আগে|முன்பு",
    stays: "अभी भी|এখনও|இன்னும்",
    negation: "नहीं|मत|না|இல்லை|न|बिना|নেই|নয়|কখনো",
    first: "मैं|मेरा|मेरी|मेरे|हम|हमारा|हमारी|আমি|আমার|আমাদের|நான்|என்|எங்கள்",
    third: "उसका|उसकी|उनका|তার|அவர்",
    people: "भाई|बहन|माँ|पिता|चाचा|मामा|पत्नी|पति|बेटा|बेटी|दोस्त|ভাই|বোন|মা|বাবা|அண்ணன்|தங்கை",
    home: "रहता|रहती|रहते|पता",
    moves: "शिफ्ट|घर बदल*"
  }
]

/** Scripts without spaces, and Korean, whose words carry their particles: any place of a text. */
export const CUE_RUNS: Required<Omit<CueWords, "languages">> = {
  home: "住|暮ら|家は|地址|住所|살아|살고|사는|살지|주소",
  moves: "搬家|搬出|搬到|搬去|搬了|引っ越|移り住|이사",
  change:
    "现在|如今|不再|改成|改为|改到|改在|换成|换到|换了|搬到|搬家|搬了|取消|辞职|转到|从今|以后都|目前|改用|不用了|" +
    "今は|今では|現在|もう|変わ|変え|変更|引っ越|移り|移っ|移動|やめ|辞め|代わりに|になりました|になった|これからは|に戻|" +
    "이제|지금은|요즘은|더 이상|바꿨|바꾸|바뀌|바뀐|옮겼|옮겨|이사|그만두|그만뒀|대신|부터는|" +
    "ตอนนี้|เปลี่ยน|ย้าย|ยกเลิก|ไม่แล้ว|แทน",
  correction:
    "说错|记错|搞错|弄错|看错|更正|其实|不对|写错|算错|間違|訂正|実は|勘違い|じゃなくて|ではなく|잘못|정정|사실은|착각|아니라|틀렸|ผิด|จริงๆ|แก้ไข",
  choice:
    "いや、|いえ、|いや |还是|改成|换成|改到|改在|改为|算了|不如|要不|等等|等一下|够了|就好|那就|再想想|想了想|还不如|别|晚一点|早一点|太早|太晚|太贵|やっぱり|やはり|やっぱ|方がいい|ほうがいい|にして|にしよう|にします|に変え|に変更|に移|じゃなくて|待って|十分|足りる|でいい|で頼む|でお願い|それより|考え直|遅すぎ|早すぎ|高すぎ|역시|차라리|아니|말고|바꿔|로 해|로 하|로 할|으로 하|으로 할|옮겨|잠깐|충분|생각해 보니|생각해보니|더 낫|낫겠|나을|그냥|늦게|일찍|ดีกว่า|เอาเป็น|เปลี่ยนเป็น",
  once: "暂时|这周|本周|一時的|とりあえず|당분간|임시|이번 주|ชั่วคราว|这次|这一次|一次|临时|例外|今回|一度だけ|今度だけ|例外|今週だけ|이번만|한번만|이번에만|이번 주만|예외|ครั้งนี้|เฉพาะวันนี้",
  always: "每|总是|通常|平时|一般|毎|いつも|普段|たいてい|マイ|매|항상|보통|늘|평소|ทุก|เสมอ|ปกติ",
  also: "另外|也在|还有|此外|さらに|それに|また、|또한|게다가|ด้วย|อีก",
  perhaps: "如果|也许|可能|要是|想不想|もし|かもしれ|たら|만약|아마|라면|ถ้า|อาจ",
  history: "以前|从前|过去|曾经|小时候|昔|当時|かつて|예전|옛날|전에는|어릴|เมื่อก่อน|สมัย",
  stays: "仍|不变|照旧|そのまま|まだ|相変わらず|여전히|그대로|아직|ยังคง|เหมือนเดิม",
  negation: "不|没|别|ない|ません|なく|않|아니|말고| 안 | 못 |没有|ไม่",
  first: "我|私|僕|俺|うち|저|나는|내|우리|제가|ฉัน|ผม|เรา",
  third: "他|她|彼|그녀|그의|그는|เขา|เธอ",
  people:
    "妈|爸|母亲|父亲|哥|姐|弟|妹|表姐|表哥|叔|阿姨|妻子|丈夫|儿子|女儿|朋友|同事|邻居|母|父|兄|姉|叔母|叔父|いとこ|妻|夫|息子|娘|友達|同僚|" +
    "엄마|아빠|어머니|아버지|형|누나|오빠|언니|동생|사촌|이모|삼촌|아내|남편|아들|딸|친구|동료|이웃|แม่|พ่อ|พี่|น้อง|เพื่อน"
}
