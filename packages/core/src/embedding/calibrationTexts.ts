/**
 * What an embedder is measured on, once a store: a sentence; a question that it answers, in other words; and one in
 * another language. No two sentences have a subject in common.
 */
export const CALIBRATION_TEXTS: ReadonlyArray<
  readonly [sentence: string, question: string, foreignQuestion: string]
> = [
  [
    "The ferry to the island leaves at seven in the morning.",
    "When does the boat set off?",
    "¿A qué hora sale el barco?"
  ],
  [
    "My grandmother's goulash needs three hours and a lot of paprika.",
    "How long does granny's stew have to cook?",
    "Wie lange muss Omas Eintopf kochen?"
  ],
  [
    "The build fails because the linker cannot find libssl.",
    "What is stopping the code from compiling?",
    "Pourquoi le programme ne compile-t-il pas ?"
  ],
  [
    "She has been allergic to penicillin since childhood.",
    "Which medicine must she never be given?",
    "Quale medicina non le si deve dare?"
  ],
  [
    "Quarterly revenue fell by four percent in the northern region.",
    "How are sales doing up north?",
    "Como vão as vendas no norte?"
  ],
  [
    "The violin has to be tuned a semitone lower for this piece.",
    "How should the instrument's strings be set?",
    "小提琴的弦应该怎么调?"
  ],
  [
    "We painted the nursery a pale shade of green.",
    "What colour are the walls of the baby's room?",
    "Какого цвета стены в детской?"
  ],
  [
    "Mitochondria produce most of a cell's energy.",
    "Where does the body get its power from, biologically?",
    "細胞はどこでエネルギーを作るの?"
  ],
  [
    "The goalkeeper saved two penalties in the final.",
    "Who was the hero of the last match?",
    "Kto był bohaterem ostatniego meczu?"
  ],
  [
    "His passport expires at the end of next month.",
    "Until when can he still travel abroad?",
    "Tot wanneer kan hij nog naar het buitenland reizen?"
  ],
  [
    "The maple in the garden turned red overnight.",
    "What happened to the tree behind the house?",
    "¿Qué le pasó al árbol del jardín?"
  ],
  [
    "Please move the meeting with the auditors to Thursday.",
    "On which day do we see the accountants?",
    "An welchem Tag kommen die Wirtschaftsprüfer?"
  ],
  [
    "The spacecraft entered orbit around Jupiter in July.",
    "When did the probe reach the planet?",
    "Quand la sonde est-elle arrivée près de la planète ?"
  ],
  [
    "I always take the stairs because lifts make me nervous.",
    "Why do you never ride the elevator?",
    "Perché non prendi mai l'ascensore?"
  ],
  [
    "The bakery on the corner closes on Mondays.",
    "When can't I buy bread nearby?",
    "Em que dia não se pode comprar pão aqui perto?"
  ],
  [
    "Copper prices rose after the strike in Chile.",
    "Why has the metal become more expensive?",
    "铜为什么变贵了?"
  ],
  [
    "The cat sleeps on top of the refrigerator.",
    "Where does our pet like to nap?",
    "Где любит спать наш питомец?"
  ],
  [
    "He is learning Portuguese with an app.",
    "Which language is he teaching himself?",
    "彼は何語を勉強していますか?"
  ],
  [
    "The bridge was closed to lorries after the inspection.",
    "Why can't trucks cross the river any more?",
    "Dlaczego ciężarówki nie mogą już przejechać przez rzekę?"
  ],
  [
    "Her thesis is about medieval trade in the Baltic.",
    "What does she write about at university?",
    "Waar gaat haar scriptie over?"
  ]
]
