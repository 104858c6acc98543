/** Finds secrets in text by their form: keys, tokens, passwords in assignments and URLs, card numbers, IBANs. */
import type { JsonValue } from "../memory/Memory.ts"

/** What was found; named in the mark that takes its place. */
export type SecretKind = "private key" | "API key" | "token" | "password" | "card number" | "account number"

interface Secret {
  readonly start: number
  readonly end: number
  readonly kind: SecretKind
}

interface Form {
  readonly kind: SecretKind
  /**
   * Global; with indices where a named group `secret` is the secret and not the whole match. Repetitions are bounded:
   * linear time.
   */
  readonly pattern: RegExp
  /** The length of the secret within the match, from its start; 0 for none. */
  readonly measure?: (match: string) => number
}

const wholeIf =
  (isSecret: (match: string) => boolean) =>
  (match: string): number =>
    isSecret(match) ? match.length : 0

/** Eight letters and digits in a row that are no word: digits among letters, or capitals after small letters. */
const isOpaque = (match: string): boolean =>
  (match.match(/[A-Za-z\d]{8,}/gu) ?? []).some((run) =>
    /\d/u.test(run) ? /[A-Za-z]/u.test(run) : /[a-z][A-Z]/u.test(run)
  )

/** A prefix that opens a run of letters and digits: an identifier that merely holds it is none. */
const prefixed = (prefixes: string, rest: string): RegExp =>
  new RegExp(`(?<![\\w-])(?:${prefixes})${rest}(?![\\w])`, "gu")

/** Keys of a prefix and anything without spaces, which words could follow as well. */
const opaque = (kind: SecretKind, prefixes: string, rest: string): Form => ({
  kind,
  pattern: prefixed(prefixes, rest),
  measure: wholeIf(isOpaque)
})

/** Keys that their issuers gave a prefix, so that scanners find them. */
const ISSUED: ReadonlyArray<Form> = [
  // OpenAI, Anthropic, OpenRouter, DeepSeek, Langfuse and others of this form.
  opaque("API key", "sk-(?:proj-|svcacct-|admin-|ant-|or-v1-|lf-)?", "[\\w-]{20,300}"),
  // Stripe, Clerk, Square, ElevenLabs.
  opaque("API key", "(?:sk|rk|pk)_(?:live|test|prod)_|whsec_|sq0(?:atp|csp)-|EAAA", "[\\w-]{16,300}"),
  { kind: "API key", pattern: prefixed("sk_", "[a-f\\d]{48}") },
  // AWS, Alibaba, Tencent, Yandex: fixed lengths in capitals or digits.
  { kind: "API key", pattern: prefixed("AKIA|ASIA|AROA|AIDA|AGPA|ANPA|ABIA|ACCA", "[A-Z\\d]{16}") },
  { kind: "API key", pattern: prefixed("LTAI", "[A-Za-z\\d]{12,24}") },
  { kind: "API key", pattern: prefixed("AKID", "[A-Za-z\\d]{28,36}") },
  { kind: "API key", pattern: prefixed("AQVN", "[\\w-]{35,38}") },
  { kind: "API key", pattern: prefixed("ABSK", "[A-Za-z\\d+/]{109,269}={0,2}") },
  { kind: "API key", pattern: /(?<![\w-])bedrock-api-key-[A-Za-z\d+/]{20,4000}={0,2}/gu },
  // Google.
  { kind: "API key", pattern: prefixed("AIza", "[\\w-]{35}") },
  opaque("token", "ya29\\.|GOCSPX-|1//0|AQ\\.(?=[\\w-]{40})", "[\\w-]{20,300}"),
  // GitHub, GitLab, Bitbucket, Atlassian.
  opaque(
    "token",
    "gh[pousr]_|github_pat_|gl(?:pat|ptt|dt|rt|soat|cbt|ft|imt|oas|agent|ffct)-|GR1348941|ATBB|ATATT3|ATCTT3",
    "[\\w=.-]{18,300}"
  ),
  { kind: "token", pattern: prefixed("xox[abeoprs]-|xapp-|xoxe\\.xox[bp]-", "[\\w-]{10,300}") },
  // Package registries.
  opaque(
    "token",
    "npm_|pypi-|dckr_(?:pat|oat)_|rubygems_|cio|crates_|CLOJARS_|oy2(?=[a-z\\d]{43}(?!\\w))",
    "[\\w-]{30,300}"
  ),
  // Models and what is around them.
  opaque(
    "token",
    "hf_|api_org_|r8_|gsk_|xai-|pplx-|nvapi-|fw_|tvly-|jina_|co_|csk-|tgp_v1_|lsv2_(?:pt|sk)_|pcsk_|fc-|pa-(?=[\\w-]{43}(?!\\w))",
    "[\\w-]{24,300}"
  ),
  // Clouds, databases, and services for developers.
  { kind: "token", pattern: prefixed("do[opr]_v1_", "[a-f\\d]{64}") },
  opaque(
    "token",
    "hv[sbr]\\.|dp\\.(?:pt|st|ct|sa)\\.|fo1_|FlyV1 |fm2_|sb_secret_|sbp_|rnd_|dapi|ntn_|secret_|lin_api_|lin_oauth_|napi_|pscale_(?:tkn|oauth|pw)_|vercel_blob_rw_|vc[pkiar]_|tskey-[a-z]{1,20}-|HRKU-AA|pul-|tfp_|sq[upa]_|sgp_|rdme_|re_(?=[A-Za-z\\d]{8}_)",
    "[\\w.-]{20,300}"
  ),
  { kind: "token", pattern: /(?<![\w.-])[A-Za-z\d]{14}\.atlasv1\.[\w=-]{60,70}(?!\w)/gu },
  { kind: "token", pattern: prefixed("dt0[a-z]\\d{2}\\.", "[A-Za-z\\d]{24}\\.[A-Za-z\\d]{64}") },
  { kind: "token", pattern: prefixed("v1\\.0-", "[a-f\\d]{24}-[a-f\\d]{146}") },
  { kind: "token", pattern: prefixed("access-(?:sandbox|development|production)-", "[a-f\\d-]{36}") },
  {
    kind: "token",
    pattern: prefixed("access_token\\$(?:production|sandbox)\\$", "[a-z\\d]{16}\\$[a-f\\d]{32}")
  },
  { kind: "token", pattern: prefixed("shippo_(?:live|test)_|duffel_(?:live|test)_", "[\\w-]{40,60}") },
  { kind: "token", pattern: prefixed("shp(?:at|ca|pa|ss)_", "[a-fA-F\\d]{32}") },
  { kind: "token", pattern: prefixed("ops_eyJ", "[A-Za-z\\d+/]{200,4000}={0,3}") },
  { kind: "token", pattern: prefixed("EAA[MC]", "[A-Za-z\\d]{100,400}") },
  { kind: "token", pattern: /(?<![\w.-])pat[A-Za-z\d]{14}\.[a-f\d]{64}(?!\w)/gu },
  { kind: "password", pattern: /(?<![\w~.-])[\w~.]{3}\dQ~[\w~.-]{31,34}(?![\w~-])/gu },
  { kind: "API key", pattern: prefixed("SG\\.", "[\\w-]{16,32}\\.[\\w-]{16,64}") },
  { kind: "API key", pattern: prefixed("key-|(?:SK|AC)", "[a-f\\d]{32}") },
  { kind: "API key", pattern: /(?<![\w-])[a-f\d]{32}-us\d{1,2}(?!\w)/gu },
  { kind: "API key", pattern: prefixed("xkeysib-", "[a-f\\d]{64}-[A-Za-z\\d]{16}") },
  {
    kind: "API key",
    pattern: prefixed("A3-", "[A-Z\\d]{6}-(?:[A-Z\\d]{11}|[A-Z\\d]{6}-[A-Z\\d]{5})(?:-[A-Z\\d]{5}){3}")
  },
  opaque(
    "API key",
    "PMAK-|NRAK-|NRRA-|phc_|phx_|sntry[su]_|glsa_|glc_|eyJrIjoi|CFPAT-|figd_|pat-(?:na|eu)\\d-|pk\\.eyJ|sk\\.eyJ",
    "[\\w.=-]{20,300}"
  ),
  // age, and the keys of Bitcoin wallets.
  { kind: "private key", pattern: prefixed("AGE-SECRET-KEY-1", "[A-Z\\d]{58}") },
  { kind: "private key", pattern: prefixed("[xyz]prv", "[1-9A-HJ-NP-Za-km-z]{100,112}") },
  {
    kind: "private key",
    pattern: prefixed("[5KL]", "[1-9A-HJ-NP-Za-km-z]{50,51}"),
    measure: wholeIf(isOpaque)
  },
  {
    kind: "private key",
    pattern: /\bprivate[ _-]?key\W{1,6}(?<secret>(?:0x)?[a-f\d]{64})(?!\w)/dgiu
  },
  {
    kind: "private key",
    pattern:
      /Private-Lines: \d{1,3}\s{1,3}(?<secret>[A-Za-z\d+/=]{16,80}(?:\s{1,2}[A-Za-z\d+/=]{16,80}){0,200})/dgu
  },
  // Telegram: the bot's number, a colon, 35 characters.
  { kind: "token", pattern: /(?<![\w:])\d{8,10}:AA[\w-]{33}(?!\w)/gu },
  // Discord: three parts, of which the first is a number in base64.
  { kind: "token", pattern: /(?<![\w.-])[MNO][A-Za-z\d]{23,28}\.[\w-]{6}\.[\w-]{27,40}(?!\w)/gu },
  // JSON Web Tokens, signed and encrypted.
  { kind: "token", pattern: /(?<![\w.-])eyJ[\w-]{8,8000}\.[\w-]{8,8000}(?:\.[\w-]{0,8000}){1,3}/gu },
  {
    kind: "token",
    pattern: /https:\/\/hooks\.slack\.com\/(?:services|workflows|triggers)\/(?<secret>[\w/-]{20,120})/dgu
  },
  {
    kind: "token",
    pattern:
      /https:\/\/(?:\w{1,10}\.)?discord(?:app)?\.com\/api\/webhooks\/(?<secret>\d{1,24}\/[\w-]{20,120})/dgu
  },
  { kind: "token", pattern: /\.webhook\.office\.com\/webhookb2\/(?<secret>[\w@/-]{60,400})/dgu }
]

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
const named = (before: string, noun: string, flags: string, measure: (match: string) => number): Form => ({
  kind: "password",
  pattern: new RegExp(`${before}(?:${noun})["'\`]?${IS}${VALUE}`, flags),
  measure
})

const WORD = "(?<![\\p{L}\\p{N}])"
const CAMEL = "(?<=[a-z\\d])"

/** What is called a secret where it stands: `password=…`, `"api_key": "…"`, `Authorization: Bearer …`. */
const NAMED: ReadonlyArray<Form> = [
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

/** Luhn's check sum (ISO/IEC 7812-1) over the digits. */
const passesLuhn = (digits: string): boolean => {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    const doubled = i % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** First digits and lengths of the large networks (Visa, Mastercard, Amex, Discover, Diners, JCB, UnionPay, Maestro). */
const CARD =
  /^(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01]|720)\d{12,13}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|5\d{2}|4[4-9]\d)\d{12,15}|35\d{14}|62\d{14,17}|(?:50|56|57|58|6[0-9])\d{10,17})$/

const isCard = (match: string): boolean => {
  const digits = match.replaceAll(/\D/gu, "")
  return CARD.test(digits) && passesLuhn(digits) && !/^(\d)\1+$/u.test(digits)
}

/** The length of an IBAN by its country (ISO 13616). */
const IBAN_LENGTHS = new Map(
  [
    "NO15 BE16",
    "DK18 FI18 FK18 FO18 GL18 NL18 SD18 MK19 SI19",
    "AT20 BA20 EE20 KZ20 LT20 LU20 MN20 XK20",
    "CH21 HR21 LI21 LV21 BG22 BH22 CR22 DE22 GB22 GE22 IE22 ME22 RS22 VA22",
    "AE23 GI23 IL23 IQ23 OM23 SO23 TL23",
    "AD24 CZ24 ES24 MD24 PK24 RO24 SA24 SE24 SK24 TN24 VG24",
    "LY25 PT25 ST25 IS26 TR26",
    "BI27 DJ27 FR27 GR27 IT27 MC27 MR27 SM27",
    "AL28 AZ28 BY28 CY28 DO28 GT28 HU28 LB28 NI28 PL28 SV28",
    "BR29 EG29 PS29 QA29 UA29 JO30 KW30 MU30 YE30 MT31 SC31 LC32 RU33"
  ]
    .join(" ")
    .split(" ")
    .map((entry): [string, number] => [entry.slice(0, 2), Number(entry.slice(2))])
)

/** The check sum of an IBAN (ISO 13616, mod 97-10). */
const passesMod97 = (iban: string): boolean => {
  let rest = 0
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

/** As far as the country's IBANs reach: what follows may be a word of four letters. */
const measureIban = (match: string): number => {
  const length = IBAN_LENGTHS.get(match.slice(0, 2).toUpperCase()) ?? 0
  let compact = ""
  let end = 0
  while (compact.length < length && end < match.length) {
    const character = match.charAt(end++)
    if (/[A-Za-z\d]/u.test(character)) compact += character
  }
  const isWhole = length > 0 && compact.length === length && !/[A-Za-z\d]/u.test(match.charAt(end))
  return isWhole && passesMod97(compact.toUpperCase()) ? end : 0
}

const cards = (digits: string): Form => ({
  kind: "card number",
  pattern: new RegExp(`(?<![\\w.,-])${digits}(?!\\w)`, "gu"),
  measure: wholeIf(isCard)
})

const NUMBERS: ReadonlyArray<Form> = [
  cards("\\d{13,19}"),
  cards("\\d{4}(?:[ .\u00a0\u202f-]\\d{4}){3}"),
  cards("\\d{4}(?:[ .\u00a0\u202f-]\\d{4}){3}[ .\u00a0\u202f-]\\d{3}"),
  cards("\\d{4}[ .\u00a0\u202f-]\\d{6}[ .\u00a0\u202f-]\\d{4,5}"),
  {
    kind: "account number",
    pattern: /(?<![\w-])[A-Za-z]{2}\d{2}(?:[ \u00a0\u202f-]?[A-Za-z\d]{1,4}){3,9}/gu,
    measure: measureIban
  }
]

const FORMS: ReadonlyArray<Form> = [...ISSUED, ...NAMED, ...NUMBERS]

const BEGIN = /-----BEGIN [A-Z\d ]{0,40}PRIVATE KEY(?: BLOCK)?-----/gu
const END = /-----END [A-Z\d ]{0,40}PRIVATE KEY(?: BLOCK)?-----/gu

/** Headers and lines of base64, also where line ends are written `\n`. */
const BODY = /(?:(?:\\[nr]|\s){0,8}(?:[A-Z][A-Za-z-]{2,20}: [^\n\\]{0,100}|[A-Za-z\d+/=]{16,100})){0,1000}/uy

/** PEM and PGP blocks; one without an end reaches as far as its base64. */
const findPrivateKeys = (text: string): ReadonlyArray<Secret> => {
  const begins = Array.from(text.matchAll(BEGIN))
  const ends =
    begins.length === 0 ? [] : Array.from(text.matchAll(END), ({ 0: mark, index }) => index + mark.length)
  let place = 0
  return begins.flatMap(({ 0: mark, index }, i): ReadonlyArray<Secret> => {
    while ((ends[place] ?? Number.POSITIVE_INFINITY) < index) place++
    const end = ends[place]
    const isClosed = end !== undefined && end < (begins[i + 1]?.index ?? Number.POSITIVE_INFINITY)
    if (isClosed) return [{ start: index, end, kind: "private key" }]
    BODY.lastIndex = index + mark.length
    const length = BODY.exec(text)?.[0].length ?? 0
    return length === 0 ? [] : [{ start: index, end: index + mark.length + length, kind: "private key" }]
  })
}

const findForm = ({ kind, measure, pattern }: Form, text: string): ReadonlyArray<Secret> => {
  const found: Array<Secret> = []
  for (const match of text.matchAll(pattern)) {
    const [start, whole] = match.indices?.groups?.["secret"] ?? [match.index, match.index + match[0].length]
    const end = measure === undefined ? whole : start + measure(text.slice(start, whole))
    if (end > start) found.push({ start, end, kind })
  }
  return found
}

/** Every secret, in order, none within another. */
const findSecrets = (text: string): ReadonlyArray<Secret> => {
  const found = [...findPrivateKeys(text), ...FORMS.flatMap((form) => findForm(form, text))]
  found.sort((a, b) => a.start - b.start || b.end - a.end)
  const kept: Array<Secret> = []
  for (const secret of found) if (secret.start >= (kept.at(-1)?.end ?? 0)) kept.push(secret)
  return kept
}

/**
 * The text with each secret replaced by a mark that says its kind, `[redacted: API key]`; the same string where
 * none is found. Found by form: private keys, API keys and tokens of the usual issuers, JSON Web Tokens, passwords
 * in URLs, assignments and headers, card numbers and IBANs with a right check sum. A secret without any form
 * (a password in a sentence) is not.
 */
export const redactSecrets = (text: string): string => {
  let redacted = ""
  let from = 0
  for (const { end, kind, start } of findSecrets(text)) {
    redacted += `${text.slice(from, start)}[redacted: ${kind}]`
    from = end
  }
  return from === 0 ? text : redacted + text.slice(from)
}

const isList = (json: JsonValue): json is ReadonlyArray<JsonValue> => Array.isArray(json)

const redactJson = (json: JsonValue): JsonValue => {
  if (typeof json === "string") return redactSecrets(json)
  if (typeof json !== "object" || json === null) return json
  if (isList(json)) return json.map(redactJson)
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [redactSecrets(key), redactJson(value)])
  )
}

/** The same JSON with the secrets of every text redacted, keys included; for metadata. */
export const redactSecretsIn = <Json extends JsonValue>(json: Json): Json => redactJson(json) as Json
