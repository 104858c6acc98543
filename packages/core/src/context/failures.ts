/** A question about a failure asks for the lines of a log that report one, which seldom repeat its words. */

/** Stands among the terms of a question that asks what failed, and of a line that reports a failure. No word is like it. */
export const FAILURE = "!failure"

const startOfWord = (beginnings: string): string => `(?<![\\p{L}\\p{M}])(?:${beginnings})`
const wholeWord = (words: string): string => `${startOfWord(words)}(?![\\p{L}\\p{M}])`
/** None of them: "0 failed", "no errors", "errors: 0". */
const NONE_BEFORE = "(?<!(?:^|[^\\d.,])0 )(?<!(?<![\\p{L}])(?:no|without) )"
const NONE_AFTER = "(?!\\s*[:=]\\s*0(?!\\d|[.,]\\d))"

/** How people ask what failed: words and beginnings of words, by language or family. */
const ASKS = new RegExp(
  [
    startOfWord("broken?|break(?:s|ing)?(?!\\p{L})|fail|crash|error|fault|exception|abort|outage"),
    "(?:went|goes|going) wrong|(?:not|n['’]t) (?:work|start|build|boot|pass|run)",
    startOfWord("fehler|fehlge?schl|gescheitert|scheitert|kaputt|abgestürzt|absturz|abgebrochen|störung"),
    startOfWord("échou|échec|erreur|planté|cassé|panne"),
    startOfWord("fall(?:ó|ado|aron|ar|a)(?!\\p{L})|rompió|roto|avería|fallit|rott[oa]|guast"),
    startOfWord("falh|erro(?:s|u)?(?!\\p{L})|errore|quebrou|avaria"),
    startOfWord("fout|mislukt|kapot|storing|gecrasht|fel(?!\\p{L})|kraschad|virhe|kaatu|rikki|hiba|összeoml"),
    startOfWord("błąd|błęd|awari|zepsu|padł|ошиб|слома|упал|сбо[йея]|авари|поломк|помилк|злама|збі[йя]"),
    startOfWord("hata|çöktü|bozul|arıza|başarısız|σφάλμα|απέτυχ|χάλασε"),
    "错误|錯誤|失败|失敗|出错|崩溃|崩潰|故障|报错|エラー|落ち|壊|障害|不具合|오류|실패|고장|장애|에러",
    "خطأ|فشل|تعطل|שגיאה|נכשל|קרס|त्रुटि|विफल|ข้อผิดพลาด|ล้มเหลว|พัง"
  ].join("|"),
  "iu"
)

/** How programs report a failure: in English, whatever their users speak, or with a mark. */
const REPORTS = new RegExp(
  `${NONE_BEFORE}(?:${[
    wholeWord("err|errors?|fatal|panic|crit(?:ical)?|severe|exceptions?|traceback|fail(?:s|ed|ing|ures?)?"),
    startOfWord(
      "abort|crash|segfault|segmentation fault|core dumped|corrupt|violat|unhandled|uncaught|unreachable"
    ),
    wholeWord(
      "denied|refused|rejected|killed|oom|timed out|timeout|invalid|unable|cannot|could not|conflicts?"
    ),
    wholeWord(
      "rolled back|rolling back|no space left|no such|not found|out of memory|exit (?:code|status) [1-9]\\d*"
    ),
    "[✗✘✖❌]"
  ].join("|")})${NONE_AFTER}`,
  "iu"
)
/** `NullPointerException`, `TypeError`. */
const ERROR_NAME = /\p{Ll}(?:Error|Exception)(?!\p{Ll})/u

export const asksOfFailure = (question: string): boolean => ASKS.test(question)

export const reportsFailure = (line: string): boolean => REPORTS.test(line) || ERROR_NAME.test(line)
