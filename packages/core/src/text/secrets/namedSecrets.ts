import { type SecretForm, wholeIf } from "./SecretForm.ts"

/** No word of a language: it mixes letters with digits or marks, or changes case within. */
const looksRandom = (value: string): boolean => {
  const bare = value.replace(/[.!?:]+$/u, "")
  if (bare.length < 6 || /^[*x•.X-]+$/u.test(bare)) return false
  // `process.env.API_KEY`, `userPassword` and `/etc/app` are where a secret comes from.
  if (/^[A-Za-z_$]+(?:\.[A-Za-z_$]+)*$/u.test(bare) && /[._]/u.test(bare)) return false
  if (/^[a-z]+(?:[A-Z][a-z]+)+$/u.test(bare) || /^(?:\.{0,2}|~)\//u.test(bare)) return false
  const kinds =
    Number(/[a-z]/u.test(bare)) +
    Number(/[A-Z]/u.test(bare)) +
    Number(/\d/u.test(bare)) +
    Number(/[^\w\s-]/u.test(bare))
  // A capital at the beginning is how a sentence begins.
  const isMixed = /[a-z]/u.test(bare) && /[A-Z]/u.test(bare.slice(1))
  return kinds >= 2 && (isMixed || /\d/u.test(bare) || /[^\w\s.-]/u.test(bare.slice(0, -1)))
}

/** A key is longer than a password, so that the key of a table, a map or a keyboard is none. */
const looksLikeKey = (value: string): boolean =>
  value.length >= 16 && /\d/u.test(value) && /[A-Za-z]/u.test(value) && looksRandom(value)

const PASSWORD =
  "pass(?:word|wd|phrase|code)?|pwd|secret|credentials?|passwort|kennwort|mot de passe|contrase(?:ñ|n)a|senha|palavra-passe|wachtwoord|lösenord|adgangskode|hasło|пароль|密码|密碼|パスワード|비밀번호"
const KEY = "(?:api|access|auth|private|secret)?[ _-]?(?:key|token)|sig(?:nature)?"

const IS = "\\s{0,3}(?::=|=>|[:=：]|(?<=\\s)(?:is|ist|est|es|é|è|är|er)(?=\\s)|是|は|는)\\s{0,3}"
const VALUE = "[\"'`]?(?<secret>[^\\s\"'`<>,;(){}[\\]]{6,300})(?![\\w(])"

/** `before` is what a name of several words ends with: `OPENAI_API_KEY`, `db.password`, `accountKey`. */
const named = (
  before: string,
  noun: string,
  flags: string,
  measure: (match: string) => number
): SecretForm => ({
  kind: "password",
  pattern: new RegExp(`${before}(?:${noun})["'\`]?${IS}${VALUE}`, flags),
  measure
})

const WORD = "(?<![\\p{L}\\p{N}])"
const CAMEL = "(?<=[a-z\\d])"

/** What is called a secret where it stands: `password=…`, `"api_key": "…"`, `Authorization: Bearer …`. */
export const NAMED_SECRETS: ReadonlyArray<SecretForm> = [
  named(WORD, PASSWORD, "dgiu", wholeIf(looksRandom)),
  named(WORD, KEY, "dgiu", wholeIf(looksLikeKey)),
  named(CAMEL, "Pass(?:word|phrase|code)?|Pwd|Secret|Credentials?", "dgu", wholeIf(looksRandom)),
  named(CAMEL, "Key|Token|Signature", "dgu", wholeIf(looksLikeKey)),
  {
    kind: "token",
    pattern: /\b(?:Bearer|Basic|Token)\s{1,3}(?<secret>[\w.~+/=-]{16,4000})/dgu,
    measure: wholeIf(looksRandom)
  },
  // The password of `scheme://user:password@host`.
  {
    kind: "password",
    pattern:
      /\b[a-z][a-z\d+.-]{1,20}:\/\/[^\s:/@?#]{0,200}:(?<secret>[^\s/@?#]{1,200}(?:@[^\s/@?#:]{1,60})?)@[\w.[-]/dgiu
  },
  {
    kind: "password",
    pattern: /\bcurl\s[^\n]{0,200}?(?:-u|--user)[ =]?["']?[^\s:"']{1,100}:(?<secret>[^\s"']{3,200})/dgu
  },
  {
    kind: "token",
    pattern:
      /[?&](?:api[_-]?key|access[_-]?token|token|auth|sig|signature|key|secret|password|client[_-]?secret)=(?<secret>[^\s&#"'<>]{8,2000})/dgiu,
    measure: wholeIf(looksRandom)
  }
]
