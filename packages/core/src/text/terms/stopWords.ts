import { lazily } from "../../runtime/lazily.ts"
import { foldText } from "./foldText.ts"

/** Function words by language, folded. A word may be one in one language and carry meaning in another. */
export const BY_LANGUAGE: Readonly<Record<string, string>> = {
  en:
    "a about above after again against all also am an and any are arent as at be because been before being " +
    "below between both but by can cant cannot could couldnt did didnt do does doesnt doing dont down during " +
    "each few for from further had hadnt has hasnt have havent having he her here hers herself hes him himself " +
    "his how i id if ill im in into is isnt it its itself ive just lets let me more most my myself no nor not " +
    "now of off on once only or other our ours ourselves out over own same she shes should shouldnt so some " +
    "such than that thats the their theirs them themselves then there theres these they theyre theyve this " +
    "those through to too under until up us very was wasnt we were werent weve what whats when where which " +
    "while who whom why will with wont would wouldnt you youd youll your youre yours yourself yourselves youve " +
    "hey hi oh ok okay wow yeah",
  de:
    "aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bin bis bist da damit " +
    "dann das dass dein deine deinem deinen deiner dem den denn der des dich die dies diese diesem diesen dieser dieses " +
    "dir doch dort du durch ein eine einem einen einer eines er es etwas euch euer eure fur gegen gibt hab habe haben " +
    "hat hatte hatten hier hin ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes jetzt " +
    "kann kein keine keinem keinen keiner konnen konnte machen man mehr mein meine meinem meinen meiner mich mir mit muss musste " +
    "nach nicht nichts noch nun nur ob oder ohne schon sehr sein seine seinem seinen seiner selbst sich sie sind so soll sollte " +
    "um und uns unser unsere unserem unseren unserer unter viel vom von vor wann war waren warum was weil welche welchem welchen " +
    "welcher welches wenn wer wem wen werde werden wessen wie wieder will wir wird wo woher wohin wurde wurden zu zum zur zwischen uber",
  nl:
    "aan af al alle alles als altijd andere bij ben bent daar dan dat de deze die dit doen door dus een eens en er ge geen " +
    "had hadden hebben heb hebt heeft hem het hier hij hoe hun ik in is ja je jij jou jouw jullie kan kunnen maar me meer men met mij mijn moet na naar " +
    "niet niets nog nu of om omdat ons onze ook op over reeds te toch toen tot u uit van veel voor waar waarom want waren was wat we welke wel " +
    "werd wie wij wil wordt worden wanneer zal ze zei zelf zich zij zijn zo zonder zou hoeveel",
  sv:
    "alla allt att av bara blev bli blir da de dem den denna dess dessa det detta dig din dina ditt du efter ej eller en er ett fran for " +
    "ha hade han har hans hennes hon honom hur i inte jag ju kan kunde man med mellan men mig min mina mitt mot mycket nar nej ni nu nagon nagot " +
    "och om oss pa sa samma sedan sig sin sina sitt ska skulle som till under upp ut utan vad var vara varfor vart vara vem vi vid vilka vilken vilket vilken " +
    "ar at over",
  no:
    "alle at av bare ble bli da de deg dem den denne der det dette din du eller en er et etter for fra ha hadde han har hans hennes " +
    "henne hun hva hvem hvilken hvilke hvilket hvis hvor hvorfor hvordan i ikke jeg kan kom man med meg mellom men min mitt mine mot na nar noe noen og ogsa om opp oss over pa " +
    "sa seg selv sin sitt skal skulle som til ut var ved vi vil ville vaere aer blev hvad hvornar ikke mig dig sig hende jeres os ud mod meget",
  fr:
    "a ai ait as au aura aurait aux avait avec avez avoir avons c ce ceci cela celle celui ces cet cette chez comme comment d dans de des donc dont du " +
    "elle elles en es est et etaient etais etait ete etes etre eu eux fait il ils j je l la le les leur leurs lui m ma mais me mes moi mon n ne ni nos " +
    "notre nous on ont ou par pas pendant peu plus pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se sera serait ses si son sont suis sur t ta te " +
    "tes toi ton tous tout toute toutes tres tu un une vers vos votre vous y",
  es:
    "a al algo algun alguna ante antes aqui asi aun aunque cada como con contra cual cuales cuando cuanto cuantos de del desde donde dos e el ella ellas ellos en entre era eran " +
    "eres es esa esas ese eso esos esta estaba estan estar estas este esto estos estoy fue fueron ha habia han hasta hay he la las le les lo los mas me mi mis " +
    "mucho muy nada ni no nos nosotros nuestra nuestro o os otra otro para pero por porque pues que quien quienes se sea ser si sin sobre sois somos son soy su sus " +
    "tambien tanto te tener tenia tengo tiene tienen ti todo todos tu tus un una uno unos vosotros y ya yo",
  pt:
    "a ao aos aquela aquele aquilo as ate com como da das de dela dele deles depois do dos e ela elas ele eles em entre era eram essa esse esta estao estava " +
    "este estou eu foi foram ha isso isto ja la lhe lhes mais mas me meu meus minha minhas muito na nao nas nem no nos nossa nosso num numa o os ou para pela pelas pelo " +
    "pelos por porque qual quais quando quanto quantos que quem sao se seja sem ser seu seus sob sobre sua suas tambem te tem tenho ter teu teve tu tua um uma voce voces onde",
  it:
    "a ad agli ai al alla alle allo anche avere aveva c che chi ci cio coi col come con contro cosa cui d da dagli dai dal dalla dalle dallo degli dei del dell della " +
    "delle dello di dove e ed era erano essere fa fra gli ha hai hanno ho i il in io l la le lei li lo loro lui ma me mi mia mie miei mio molto ne negli nei nel nella nelle nello no noi non nostra " +
    "nostro o ogni per perche piu quale quali quando quanto quanti quella quelle quelli quello questa queste questi questo sei si sia siamo sono sta stato su sua sue sugli sui sul sulla sulle sullo suo suoi " +
    "te ti tra tu tua tue tuo tuoi tutti tutto un una uno vi voi",
  ro:
    "a ai al ale am ar are as au avea avem ca cand care cat cate ce cel cea cei cele chiar cine cu cum da daca dar de deci del despre din doar dupa e ea ei el ele era este eu fi fie fiind fost in " +
    "inca intre isi la le lor lui mai mea mei mele meu mi mult ne nici nu o pe pentru prin s sa sai sau se si sunt sub te toate tot tu un una unde unei unor unui va voi vor",
  pl:
    "a aby ale albo ani az bardzo bez bo by byc byl byla byli bylo bylem bylam bedzie ci cie co czy dla do gdy gdzie go i ich ile im innych ja jak jaka jaki jakie jako je jego jej jest " +
    "jestem jeszcze juz kiedy kim kto ktora ktore ktorego ktorej ktory ktorych ktorym lub ma mam maja mi mnie mial miala moja moje moj mojego mojej moim mu na nad nam nas nasz nie nim niz o od on ona one oni ono " +
    "po pod przed przez przy sa sie skad swoj swoje ta tak tam te tego tej ten to tu twoj ty tych tym tylko u w we wiec z za ze zeby",
  cs:
    "a aby aj ale ani asi az bez bude by byl byla bylo byt byli ci co coz do ho i ja jak jake jaka jaky je jeho jej jeji jen jeste ji jich jim jiz jsem jsi jsme jsou jste k kam kde kdo kdy kdyz " +
    "ke ktera ktere ktery kterou ma maji mam me mezi mi mit mne mnou moje moji muj muze my na nad nam nas nase ne nebo nejsou nez nic o od on ona oni ono po pod podle pro proc pred pri s se si " +
    "sve svuj ta tak take tam te tedy ten tento to tom tu tuto tva tve tvuj ty u uz v vam vas ve vsak vse z za ze zda",
  fi:
    "ei eika en enemman et etta han hanen he heidan ja jo joka jonka jos jotka kanssa keneen kenen kenella ketka kuin kuinka kuka koska kun " +
    "me meidan mika mikaan mihin mina minka minulla minulle minun minut missa mista mita mitka miksi milla milloin milta monta mutta myos ne niin nyt olen oli olin olla ollut on ovat " +
    "sina sinun se sen siella siina sita silla tai tama taman tata te teidan tuo vaan vai vain voi",
  hu:
    "a abban ahol aki akik akkor alatt amely ami amikor arra az azok azon azt azzal be bele csak de e ebben egy egyik ehhez el en ennek es ez ezek ezen ezt fel ha hanem " +
    "hogy hogyan hol honnan hova i igen ill is itt ki kik kinek kell ket le legyen lesz lett maga meg mely melyik melyek mert mi miert mikor milyen minden mint mit miben mivel most nagyon ne nekem neki nem nincs o ok on ott " +
    "pedig s sem sok tobb ugy utan vagy vagyok van vannak volt voltak voltam",
  tr:
    "acaba ama ancak bana bazi belki ben beni benim bir biri biz bize bizim bu buna bunu bunun cok cunku da daha de degil diye en gibi hangi hangisi hem hep her hic icin ile ise " +
    "kac kadar kendi ki kim kimin kimi kime mi mu na ne neden nedir nerede nereden nereye nasil niye o olan olarak oldu oldugu olur onlar onu onun orada pek sana sen seni senin siz sizin sonra su tum var ve " +
    "veya ya yani yok zaman",
  id:
    "ada adalah agar akan aku anda apa apakah atau bagaimana bagi bahwa banyak berapa bisa bukan dalam dan dapat dari dengan di dia hanya harus ini itu jadi jika juga kami " +
    "kamu kapan karena ke kepada kita lagi lah lebih maka mana masih mereka mengapa nya oleh pada para saat saja sangat saya sebagai sebuah secara sedang seperti siapa sudah supaya " +
    "tanpa telah tentang tetapi tidak untuk yaitu yang",
  vi:
    "ai anh bao bi boi cac cai can cho chua chung co con cua cung da dang day de den di do duoc em gi hay hon khi khong la lai lam len luc moi mot nao nay nen" +
    "nhieu nhu nhung o ra rang rat roi sau se tai the thi toi tren trong tu tung va van vao vay ve vi voi dau",
  ru:
    "а без был была были было быть в вам вас весь во вот все всего всех вы где да даже для до его ее если есть еще же за здесь и из или им их к как какая какие какого какой какую когда кого кому кто " +
    "ли меня мне мной мои моя мое моего моей мой мы на над нам нас наш не него нее нет ни них но о об он она они оно от очень по под при с со сам свой свою своей себя сейчас так также там те тебя тем то того " +
    "тоже той только том ты у уже хотя чего чей чем что чтобы чья эта эти это этого этой этом этот эту я куда откуда почему зачем сколько",
  uk:
    "а або але без би був була були було бути в ваш вже ви все всі від він вона вони воно де для до його є з за зі і із й його ій їх їй її його коли кого кому котрий ми мене мені мій моя моє моєї моєму мої на над нам нас наш не ні об " +
    "під по при про свій свою собі та так також там те теж ти тим то тобі того той тому у хто це цей ця ці цього чи чий чому що щоб я як яка яке який яких якого якій якому якої яку куди звідки скільки",
  bg:
    "а ако аз бе без беше би бил била били било в вас ваш все във ви да дали до е ето за и из или им има как каква какво какъв кога кого кой коя къде ли ме мен ми мога моя моят на над не нея ни ние но " +
    "от по под при с са се си сме съм със ще та така там те ти това този тя тук у че я",
  el:
    "α αν απο αυτη αυτο αυτοι αυτοσ αυτα για δε δεν δυο ειμαι ειναι ειχε εκ εκεινη ενα ενασ μια μιασ ενοσ επι εχει εχω εχουν εχεισ η ηταν θα ι κι και κατα με μετα μασ μεσα μη μην μου να ο οι ολα ομωσ οπου οποια οποιο οποιοσ " +
    "οπωσ οσο οταν οτι ουτε περι ποια ποιαν ποιεσ ποιο ποιοι ποιον ποιοσ ποσα ποσο ποσοι ποτε που πωσ προσ σε σου σασ στα στη στην στισ στο στον στουσ συ τα τη την τησ τι τισ το τοι τον του τουσ των τωρα ωσ γιατι εγω εσυ",
  ar:
    "ان انا انت انه او اي اين الا التي الذي الذين الي اذا بعد بين تلك ثم حتي حيث خلال ذلك عن عند علي غير فقد في قبل قد كان كانت كل كم كما كيف لا لان لدي لم لن له لها لي ليس ما ماذا متي مثل مع من منذ " +
    "من منه منها نحن هذا هذه هل هم هنا هناك هو هي و وقد ولا وهو وهي يا يكون لماذا لقد به بها فيه فيها",
  fa: "از اما اين ان انها او اي با بايد بر براي بود به تا تر تو چه چرا چند چون چيست خود دارد دارم در را شد شده شما كجا كدام كسي كه كي ما مرا من مي نه نيز هر هست هستم هم همه و ولي يا يك است ام اش",
  he:
    "אבל או אותו אותי אותה אז אח איזה איזו איך אימ אינ איפה איתי אל אמ אנחנו אני אצל אשר את אתה בגלל גמ דרכ הוא הזה היא היה היו היית הייתי המ הנ הרבה ואת זאת זה זו יש כאנ כבר כי ככה כל כמה כמו כנ לא לה להמ לו לי לכ לכמ למה לנ מאוד מאיפה מדוע מה מי מתי עד על עמ רק " +
    "של שלה שלו שלי שלכ שלנו שמ תחת אילו היכנ מנ אינה לאנ",
  hi:
    "अपना अपनी अपने इस इसका इसकी इसके इसे उन उनका उनकी उनके उस उसका उसकी उसके उसे एक और कब कर करता करती करते करना करने कहा कहां कहाँ का कि किस किसका किसकी किसके किसने की कितना कितनी कितने कुछ के केवल को कोई कौन कौनसा क्या क्यो क्यों गई गए गया जब जा जाता जाती जाते जो " +
    "तक तब तो था थी थे द्वारा न नहीं ने पर बहुत भी मुझे में मेरा मेरी मेरे मै मैं मैंने यह या ये रहा रही रहे लिए वह वाला वाली वाले वे सकता सकते से हम हमारा हमारी हमारे ही हुआ हुई हुए है हैं हो होता होती होते होना तुम आप कैसे",
  bn:
    "আমার আমি আমরা আমাদের আমাকে আপনি আপনার এ এই এক একটি একটা এর এবং ও ওই ওর কত কবে করা করি করে করেছি করেন করো কাকে কার কি কী কে কেন কেমন কোথায় কোন কোনটা জন্য তা তাই তার তাকে তারা তুমি তোমার থেকে দিয়ে না নি নেই পরে পর্যন্ত যখন যা যে যিনি " +
    "সব সঙ্গে সাথে সে হয় হয়ে হয়েছে হবে আছে ছিল ছিলেন ছিলাম কোথায় হয় দিয়ে",
  ta: "அது அந்த அவர் அவள் அவன் அவை ஆகும் ஆனால் இது இந்த இல்லை இருக்கிறது இருந்து உள்ளது ஒரு எங்கள் எங்கே எங்கு எந்த எனக்கு என் என்ன என்று என்பது எப்படி எப்போது எவ்வளவு எத்தனை ஏன் தான் நாங்கள் நான் நீங்கள் நீ மற்றும் மிகவும் யார் யாருடைய",
  ko: "그 그것 그리고 나 나는 나의 내 내가 너 누가 누구 는 다 더 뭐 뭐야 뭐지 뭐예요 무슨 무엇 수 아 어느 어디 어디야 어디에 어떤 어떻게 언제 얼마나 왜 우리 이 있는 있다 있어 있어요 있습니다 저 저는 저의 제 제가 좀 것 등 및 몇"
}

const LANGUAGES = Object.keys(BY_LANGUAGE)
const ENGLISH_AT = LANGUAGES.indexOf("en")

/** English in the masks of this file. */
export const ENGLISH = 1 << ENGLISH_AT

/** The languages of which a word is a function word, one bit each in the order of `LANGUAGES`. */
const masks = lazily((): ReadonlyMap<string, number> => {
  const byWord = new Map<string, number>()
  LANGUAGES.forEach((language, i) => {
    for (const word of foldText(BY_LANGUAGE[language] ?? "").split(" "))
      byWord.set(word, (byWord.get(word) ?? 0) | (1 << i))
  })
  return byWord
})

/** The bits of languages, by their codes parted by spaces. */
export const languageMask = (codes: string): number =>
  codes.split(" ").reduce((mask, code) => {
    const at = LANGUAGES.indexOf(code)
    return at < 0 ? mask : mask | (1 << at)
  }, 0)

/** 0 for a word that carries meaning in every language. */
export const stopMask = (word: string): number => masks().get(word) ?? 0

/** A language whose script is its own, or nearly, needs one function word; in Latin script chance gives one. */
const LATIN_HITS_MIN = 2
const LATIN = LANGUAGES.slice(0, LANGUAGES.indexOf("ru")).reduce((mask, _, i) => mask | (1 << i), 0)

/** The languages that a text may be in, by the masks of its words: those with the most function words. */
export const guessLanguages = (wordMasks: ReadonlyArray<number>): number => {
  if (wordMasks.length === 0) return 0
  const hits = new Uint32Array(LANGUAGES.length)
  for (const mask of wordMasks)
    for (let rest = mask; rest !== 0; rest &= rest - 1) {
      const i = 31 - Math.clz32(rest & -rest)
      hits[i] = (hits[i] ?? 0) + 1
    }
  let most = 0
  for (const count of hits) if (count > most) most = count
  if (most === 0) return 0
  // English is the usual second language of names, code and quotations: it wins a tie.
  if (hits[ENGLISH_AT] === most) return ENGLISH
  let languages = 0
  hits.forEach((count, i) => {
    const bit = 1 << i
    if (count === most && (most >= LATIN_HITS_MIN || (bit & LATIN) === 0)) languages |= bit
  })
  return languages
}
