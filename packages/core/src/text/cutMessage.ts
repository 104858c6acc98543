/** A long message is asked in parts: its questions, and what stands around them. */
import { isOwnRequest } from "./requests.ts"
import { TITLES } from "./names/titles.ts"
import { measure, type Span, splitAnywhere, trim } from "./cutPassages.ts"

/** A part of a message. */
export interface MessagePart {
  readonly text: string
  /**
   * How far it is from what the message asks, 0 to 1: 0 for the question itself and for what stands beside a long
   * text, 1 for one passage among others.
   */
  readonly aside: number
}

/** A question within a long message may be a part of what was pasted; a short paragraph beside a long one hardly is. */
const WITHIN = 0.4
const APART = 0.1

/** Sizes in widths (see `cutPassages`): a message up to `ALONE` is one part, and up to `WHOLE` asked as a whole too. */
const ALONE = 120
const WHOLE = 320
const SENTENCE_MAX = 320
/** A message in which the one marked question that is a paragraph of its own stands out, whatever is beside it. */
const SHORT = 640
const PASSAGE = 320

const QUESTIONS_MAX = 4
/** Widths of a paragraph that is a text of its own, and of one beside it that says without a mark what is wanted. */
const LONG_PARAGRAPH = 320
const EDGE_MAX = 160
/** Length of a question in UTF-16 code units, where nothing marks its beginning. */
const QUESTION_MAX = 160

const ENDS = new Set([".", "!", "?", "…", "؟", ";", "।"])
const ENDS_AT_ONCE = new Set(["。", "！", "？"])
const CLOSES = new Set(['"', "'", "”", "’", ")", "]", "」", "』", "）", "»"])
const SPACE = /\s/u

const ASKS_AT_END = /(?:[?？؟\u037e]|[吗嗎呢]。?|か。?)["'”’)\]」』）»]*\s*$/u
const GREEK_QUESTION = /\p{Script=Greek}[^\n]*;\s*$/u
/** First words of a question or of a request that has no mark. */
const ASKS_AT_START =
  /^\s*(?:(?:and|so|also|but|hey|hi|ok|okay|please|now|then|btw)[, ]+)*(?:what|when|where|who|whose|why|how|which|did|do|does|is|are|was|can|could|would|will|should|tell|remind|show|find|give|list|summari[sz]e|explain|help|look up|was|wann|wo|wer|wem|wen|warum|wieso|wie|welche[rsn]?|kannst|könntest|bitte|sag|zeig|erinnere?|que|quoi|quand|où|qui|pourquoi|comment|quel(?:le)?s?|combien|peux|pourrais|dis|rappelle|qué|cuándo|dónde|quién|cómo|cuál|cuánto|puedes|podrías|dime|recuérdame|что|когда|где|кто|почему|как|какой|какая|сколько|скажи|напомни|покажи|можешь)(?![\p{L}\p{M}-])/iu

/** What a full stop follows within a sentence: a title, an initial, a number ("Dr. Abellán", "J. Roth", "am 3. Mai"). */
const SHORTENED = new RegExp(
  `(?:^|[^\\p{L}\\p{M}\\p{N}])(?:${TITLES}|rev|capt|srta|no|bzw|ca|vs|\\p{L}|\\p{N}{1,2})$`,
  "iu"
)
const SHORTENED_MAX = 6

const isShortened = (text: string, at: number): boolean =>
  SHORTENED.test(text.slice(Math.max(0, at - SHORTENED_MAX), at))

/** Lines, and the sentences of each. */
const cutSentences = (text: string): ReadonlyArray<Span> => {
  const spans: Array<Span> = []
  let start = 0
  const close = (end: number): void => {
    if (end > start) spans.push({ start, end })
    start = end
  }
  for (let i = 0; i < text.length; i++) {
    const mark = text[i] ?? ""
    if (mark === "\n") close(i + 1)
    if (!ENDS.has(mark) && !ENDS_AT_ONCE.has(mark)) continue
    let end = i + 1
    while (ENDS.has(text[end] ?? "") || ENDS_AT_ONCE.has(text[end] ?? "") || CLOSES.has(text[end] ?? ""))
      end++
    const isEnd = ENDS_AT_ONCE.has(mark) || end >= text.length || SPACE.test(text[end] ?? "")
    if (isEnd && mark !== ";" && !(mark === "." && end === i + 1 && isShortened(text, i))) close(end)
    i = end - 1
  }
  close(text.length)
  return spans.flatMap((span) => {
    if (measure(text, span) <= SENTENCE_MAX) return [span]
    if (!ASKS_AT_END.test(text.slice(span.start, span.end))) return splitAnywhere(text, span, SENTENCE_MAX)
    // A question that follows words without any mark is at their end.
    const cut = Math.max(span.start + 1, text.indexOf(" ", span.end - QUESTION_MAX))
    return [
      ...splitAnywhere(text, { start: span.start, end: cut }, SENTENCE_MAX),
      { start: cut, end: span.end }
    ]
  })
}

/** Lines of code and logs: signs that prose has few of, a time in front, a frame of a stack. */
const CODE_SIGNS = /[{}()[\]<>;=|\\$#@_`~^]/gu
const CODE_SHARE = 0.05
const LOG_LINE =
  /^\s*(?:\[?\d{1,4}[-:/.]\d{1,2}[-:/.T ]\d|at\s+\S+\(|(?:INFO|WARN|WARNING|ERROR|DEBUG|TRACE|FATAL)\b)/u

const isCode = (line: string): boolean =>
  LOG_LINE.test(line) || (line.match(CODE_SIGNS)?.length ?? 0) > CODE_SHARE * line.length

const isMarked = (sentence: string): boolean => ASKS_AT_END.test(sentence) || GREEK_QUESTION.test(sentence)

const asksAtStart = (sentence: string): boolean => ASKS_AT_START.test(sentence) || isOwnRequest(sentence)

/** Passages of about `size` widths, which end where a paragraph does. */
const gather = (text: string, sentences: ReadonlyArray<Span>, size: number): ReadonlyArray<Span> => {
  const passages: Array<Span> = []
  let open: Span | null = null
  let width = 0
  const close = (): void => {
    if (open !== null && text.slice(open.start, open.end).trim() !== "") passages.push(trim(text, open))
    open = null
    width = 0
  }
  for (const sentence of sentences) {
    const more = measure(text, sentence)
    const isApart = open !== null && sentence.start !== (open as Span).end
    if (isApart || width + more > size) close()
    open = open === null ? sentence : { start: (open as Span).start, end: sentence.end }
    width += more
    if (text.slice(sentence.start, sentence.end).trim() === "" && width >= size / 4) close()
  }
  close()
  return passages
}

interface Sentence extends Span {
  readonly isQuestion: boolean
  /** Whether it is a paragraph of its own. */
  readonly isApart: boolean
  readonly isMarked: boolean
  /** Long paragraphs beside the short one of prose that it begins: 0, 1 or 2. */
  readonly longBeside: number
  /** Whether the message is `SHORT`. */
  readonly isInShort: boolean
}

/** A line of code is read to either side of a sentence as far as this, in UTF-16 code units. */
const LINE_MAX = 160

/** The line in which a sentence stands: a command may have a full stop in it. */
const lineOf = (message: string, { end, start }: Span): string => {
  const before = message.slice(Math.max(0, start - LINE_MAX), start)
  const after = message.slice(end - 1, end + LINE_MAX)
  const close = after.indexOf("\n")
  return (
    before.slice(before.lastIndexOf("\n") + 1) +
    message.slice(start, end - 1) +
    (close < 0 ? after : after.slice(0, close))
  )
}

const BLANK_LINES = /\n[^\S\n]*\n\s*/gu

const isBlankIn = (message: string, { end, start }: Span): boolean => message.slice(start, end).trim() === ""

const isLongIn = (message: string, span: Span | undefined): boolean =>
  span !== undefined && measure(message, span) >= LONG_PARAGRAPH

/** The parts of a message between blank lines. */
const cutParagraphs = (message: string): ReadonlyArray<Span> => {
  const paragraphs: Array<Span> = []
  let start = 0
  for (const { 0: gap, index } of message.matchAll(BLANK_LINES)) {
    paragraphs.push({ start, end: index })
    start = index + gap.length
  }
  return [...paragraphs, { start, end: message.length }].filter((span) => !isBlankIn(message, span))
}

/** A message as sentences and as paragraphs. */
interface Cuts {
  readonly spans: ReadonlyArray<Span>
  readonly paragraphs: ReadonlyArray<Span>
}

const cut = (message: string): Cuts => ({ spans: cutSentences(message), paragraphs: cutParagraphs(message) })

/** The sentences that are not blank. */
const readSentences = (message: string, { paragraphs, spans }: Cuts): ReadonlyArray<Sentence> => {
  const isBlank = (span: Span | undefined): boolean => span === undefined || isBlankIn(message, span)
  const places = new Map(paragraphs.map(({ start }, i) => [start, i]))
  const countLong = ({ start }: Span): number => {
    const place = places.get(start)
    const own = place === undefined ? undefined : paragraphs[place]
    if (place === undefined || own === undefined || measure(message, own) > EDGE_MAX) return 0
    return [paragraphs[place - 1], paragraphs[place + 1]].filter((beside) => isLongIn(message, beside)).length
  }
  const isInShort = measure(message, { start: 0, end: message.length }) <= SHORT
  return spans.flatMap((span, i) => {
    if (isBlank(span)) return []
    const text = message.slice(span.start, span.end)
    const isOfCode = isCode(lineOf(message, span))
    return [
      {
        ...span,
        isQuestion: isMarked(text) || (asksAtStart(text) && !isOfCode),
        isApart: isBlank(spans[i - 1]) && isBlank(spans[i + 1]),
        isMarked: isMarked(text),
        longBeside: isOfCode ? 0 : countLong(span),
        isInShort
      }
    ]
  })
}

interface Asking {
  readonly span: Span
  readonly aside: number
}

/** Whether it is a question that somebody put between two long texts. */
const isPlaced = ({ isMarked: hasMark, longBeside }: Sentence): boolean => hasMark && longBeside === 2

/** The questions that the writer asks: those at the ends of the message, and paragraphs of their own. */
const selectQuestions = (sentences: ReadonlyArray<Sentence>): ReadonlyArray<Asking> => {
  const ends = new Set([sentences[0], sentences.at(-1)])
  const questions = sentences.filter((sentence) => sentence.isQuestion)
  const atEnds = questions.filter((sentence) => ends.has(sentence))
  // The one short paragraph between long ones asks without a mark.
  const among = sentences.filter(({ longBeside }) => longBeside === 2)
  const isLonely = (sentence: Sentence): boolean => among.length === 1 && among[0] === sentence
  const within = sentences.filter(
    (sentence) => !ends.has(sentence) && (sentence.isQuestion || isLonely(sentence))
  )
  const apart = within.filter((sentence) => sentence.isApart || isLonely(sentence))
  const marked = apart.filter((sentence) => sentence.isMarked)
  const chosen = apart.length > 0 || atEnds.length > 0 ? apart : within
  const standsOut = (sentence: Sentence): boolean =>
    isLonely(sentence) ||
    isPlaced(sentence) ||
    (sentence.isMarked && marked.length === 1 && (sentence.longBeside === 1 || sentence.isInShort))
  // The last of the others, which are often lines of a paste.
  const others = chosen.filter((sentence) => !standsOut(sentence))
  const outstanding = chosen.filter(standsOut)
  const places = Math.max(0, QUESTIONS_MAX - atEnds.length - outstanding.length)
  return [
    ...atEnds.map((span) => ({ span, aside: 0 })),
    ...outstanding.map((span) => ({ span, aside: isPlaced(span) ? 0 : APART })),
    ...others.slice(Math.max(0, others.length - places)).map((span) => ({ span, aside: WITHIN }))
  ].slice(0, QUESTIONS_MAX)
}

/**
 * The short paragraphs before and after a long one, with which a message begins and ends: what is wanted, in any words.
 * What was pasted may begin or end with one short paragraph itself: code has blank lines of its own.
 */
const selectEdges = (message: string, paragraphs: ReadonlyArray<Span>): ReadonlyArray<Span> => {
  const inside = (at: number, step: number) => [paragraphs[at + step], paragraphs[at + 2 * step]]
  const isShort = (span: Span): boolean =>
    measure(message, span) <= EDGE_MAX && !isCode(message.slice(span.start, span.end))
  return paragraphs.filter((span, i) => {
    if (i !== 0 && i !== paragraphs.length - 1) return false
    return isShort(span) && inside(i, i === 0 ? 1 : -1).some((next) => isLongIn(message, next))
  })
}

/** What a long message asks. Beside what stands out, lines without a mark are no requests: a paste has them by chance. */
const selectAsking = (
  message: string,
  paragraphs: ReadonlyArray<Span>,
  questions: ReadonlyArray<Asking>
): ReadonlyArray<Asking> => {
  const outstanding = questions.some(({ aside }) => aside <= APART)
  // Without a question that stands out, a short paragraph at an end says what is wanted.
  const edges = outstanding ? [] : selectEdges(message, paragraphs).map((span) => ({ span, aside: 0 }))
  if (!outstanding && edges.length === 0) return questions
  const isMeant = ({ aside, span }: Asking): boolean =>
    aside <= APART || isMarked(message.slice(span.start, span.end))
  return [...edges, ...questions.filter(isMeant)]
}

/** Whether a message begins or ends with a question or a request, or has a question between two long texts. */
export const isAsking = (message: string): boolean =>
  selectQuestions(readSentences(message, cut(message))).some(({ aside }) => aside === 0)

/**
 * Cuts a message to up to `max` parts, those that ask first: its questions, and where it has none what stands first
 * and last in it; then the rest as passages, so that every part of it can find its own memories. A short message is
 * asked whole, and its question alone too.
 */
export const cutMessage = (message: string, max: number): ReadonlyArray<MessagePart> => {
  const total = measure(message, { start: 0, end: message.length })
  const whole = { text: message, aside: 0 }
  if (total <= ALONE) return [whole]
  const cuts = cut(message)
  const sentences = readSentences(message, cuts)
  const questions = selectQuestions(sentences).slice(0, max)
  const textOf = (span: Span): string => {
    const { end, start } = trim(message, span)
    return message.slice(start, end)
  }
  if (total <= WHOLE) {
    if (sentences.length < 2) return [whole]
    const alone = questions
      .slice(0, Math.min(2, max - 1))
      .map(({ aside, span }) => ({ text: textOf(span), aside }))
    // What stands around a question that was put between is no part of it.
    const isBetween = questions.some(({ aside }) => aside === APART)
    return [{ ...whole, aside: isBetween ? WITHIN : 0 }, ...alone]
  }
  const wanted = selectAsking(message, cuts.paragraphs, questions).slice(0, max)
  const rest = cuts.spans.filter((span) =>
    wanted.every(({ span: { end, start } }) => span.start < start || span.start >= end)
  )
  const slots = max - wanted.length
  let size = PASSAGE
  let passages = gather(message, rest, size)
  for (let tries = 0; passages.length > slots && tries < 8; tries++) {
    size *= Math.max(1.5, passages.length / slots)
    passages = gather(message, rest, size)
  }
  const texts = passages.slice(0, slots).map(textOf)
  // Without a question, what stands beside the rest is what it is about.
  const isEdge = (i: number): boolean => questions.length === 0 && (i === 0 || i === texts.length - 1)
  return [
    ...wanted.map(({ aside, span }) => ({ text: textOf(span), aside })),
    ...texts.filter((_, i) => isEdge(i)).map((text) => ({ text, aside: 0 })),
    ...texts.filter((_, i) => !isEdge(i)).map((text) => ({ text, aside: 1 }))
  ]
}
