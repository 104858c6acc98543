/** Finds secrets in text by their form: keys, tokens, passwords in assignments and URLs, card numbers, IBANs. */

/** What was found; named in the mark that takes its place. */
export type SecretKind = "private key" | "API key" | "token" | "password" | "card number" | "account number"

interface Secret {
  readonly start: number
  readonly end: number
  readonly kind: SecretKind
}

interface Form {
  readonly kind: SecretKind
  /** Global. Without a named group `secret` the whole match is the secret. Repetitions are bounded: linear time. */
  readonly pattern: RegExp
  /** Tells a number with a check sum from any other. */
  readonly isSecret?: (match: string) => boolean
}

/** `start` opens a run of letters and digits: an identifier that merely holds the prefix is none. */
const prefixed = (prefixes: string, rest: string): RegExp =>
  new RegExp(`(?<![\\w-])(?:${prefixes})${rest}(?![\\w])`, "gu")

/** Keys that their issuers gave a prefix, so that scanners find them. */
const ISSUED: ReadonlyArray<Form> = [
  // OpenAI, Anthropic, OpenRouter, DeepSeek and others of this form.
  { kind: "API key", pattern: prefixed("sk-(?:proj-|svcacct-|admin-|ant-|or-v1-|lf-)?", "[\\w-]{20,300}") },
  {
    kind: "API key",
    pattern: prefixed("(?:sk|rk|pk)_(?:live|test|prod)_|whsec_|sq0(?:atp|csp)-|EAAA", "[\\w-]{16,300}")
  },
  // AWS, Alibaba, Tencent: fixed lengths in capitals or digits.
  { kind: "API key", pattern: prefixed("AKIA|ASIA|AROA|AIDA|AGPA|ANPA|ABIA|ACCA", "[A-Z\\d]{16}") },
  { kind: "API key", pattern: prefixed("LTAI", "[A-Za-z\\d]{12,24}") },
  { kind: "API key", pattern: prefixed("AKID", "[A-Za-z\\d]{28,36}") },
  { kind: "API key", pattern: prefixed("AIza", "[\\w-]{35}") },
  { kind: "token", pattern: prefixed("ya29\\.|GOCSPX-|1//0", "[\\w-]{20,300}") },
  {
    kind: "token",
    pattern: prefixed(
      "gh[pousr]_|github_pat_|gl(?:pat|ptt|dt|rt|soat|cbt)-|ATBB|ATATT3|ATCTT3",
      "[\\w=-]{18,300}"
    )
  },
  { kind: "token", pattern: prefixed("xox[abeoprs]-|xapp-|xoxe\\.xox[bp]-", "[\\w-]{10,300}") },
  {
    kind: "token",
    pattern: prefixed("npm_|pypi-|dckr_(?:pat|oat)_|rubygems_|cio|crates_", "[\\w-]{30,300}")
  },
  {
    kind: "token",
    pattern: prefixed("hf_|api_org_|r8_|gsk_|xai-|pplx-|nvapi-|fw_|tvly-|jina_|co_", "[\\w-]{24,300}")
  },
  { kind: "token", pattern: prefixed("do[opr]_v1_", "[a-f\\d]{64}") },
  {
    kind: "token",
    pattern: prefixed(
      "hv[sbr]\\.|dp\\.(?:pt|st|ct|sa)\\.|fo1_|FlyV1 |sbp_|rnd_|dapi|ntn_|secret_|lin_api_|lin_oauth_",
      "[\\w.-]{20,300}"
    )
  },
  { kind: "token", pattern: prefixed("shp(?:at|ca|pa|ss)_", "[a-fA-F\\d]{32}") },
  { kind: "API key", pattern: prefixed("SG\\.", "[\\w-]{16,32}\\.[\\w-]{16,64}") },
  { kind: "API key", pattern: prefixed("key-|(?:SK|AC)", "[a-f\\d]{32}") },
  {
    kind: "API key",
    pattern: prefixed(
      "PMAK-|NRAK-|NRRA-|phc_|phx_|sntrys_|glsa_|glc_|eyJrIjoi|CFPAT-|figd_|pat-(?:na|eu)\\d-|pk\\.eyJ|sk\\.eyJ",
      "[\\w.=-]{20,300}"
    )
  },
  { kind: "private key", pattern: prefixed("AGE-SECRET-KEY-1", "[A-Z\\d]{58}") },
  // Telegram: the bot's number, a colon, 35 characters.
  { kind: "token", pattern: /(?<![\w:])\d{8,10}:AA[\w-]{33}(?!\w)/gu },
  // Discord: three parts, of which the first is a number in base64.
  { kind: "token", pattern: /(?<![\w.-])[MNO][A-Za-z\d]{23,28}\.[\w-]{6}\.[\w-]{27,40}(?!\w)/gu },
  // JSON Web Tokens, signed and encrypted.
  { kind: "token", pattern: /(?<![\w.-])eyJ[\w-]{8,8000}\.[\w-]{8,8000}(?:\.[\w-]{0,8000}){1,3}/gu },
  {
    kind: "token",
    pattern: /https:\/\/hooks\.slack\.com\/(?:services|workflows)\/(?<secret>[\w/-]{20,120})/gu
  },
  {
    kind: "token",
    pattern:
      /https:\/\/(?:\w{1,10}\.)?discord(?:app)?\.com\/api\/webhooks\/(?<secret>\d{1,24}\/[\w-]{20,120})/gu
  }
]

/** What is called a secret where it stands: `password=…`, `"api_key": "…"`, `Authorization: Bearer …`. */
const NAME =
  "(?:api|app|auth|access|account|client|consumer|private|secret|service|session|shared|signing|encryption|master|root|admin|db|database|user|refresh|id|bot|webhook|storage|aws|gcp|azure)"
const NOUN = "(?:key|secret|token|password|passwd|passphrase|pwd|credential|credentials|pass|sig|signature)"

const NAMED: ReadonlyArray<Form> = [
  {
    kind: "password",
    pattern: new RegExp(
      `(?<![\\w])(?:${NAME}[ _.-]?){0,3}${NOUN}["'\`]?\\s{0,3}(?::=|=>|[:=]|\\bis\\b)\\s{0,3}(?<quote>["'\`]?)(?<secret>[^\\s"'\`<>,;(){}[\\]]{6,300})(?![\\w(])`,
      "giu"
    ),
    isSecret: (value) => looksRandom(value)
  },
  {
    kind: "token",
    pattern: /\b(?:Bearer|Basic|Token)\s{1,3}(?<secret>[\w.~+/=-]{16,4000})/gu,
    isSecret: (value) => looksRandom(value)
  },
  // The password of `scheme://user:password@host`.
  {
    kind: "password",
    pattern:
      /\b[a-z][a-z\d+.-]{1,20}:\/\/[^\s:/@?#]{0,200}:(?<secret>[^\s/@?#]{1,200}(?:@[^\s/@?#:]{1,60})?)@[\w.[-]/giu
  },
  {
    kind: "token",
    pattern:
      /[?&](?:api[_-]?key|access[_-]?token|token|auth|sig|signature|key|secret|password|client[_-]?secret)=(?<secret>[^\s&#"'<>]{8,2000})/giu,
    isSecret: (value) => looksRandom(value)
  }
]

/** No word of a language: it mixes letters with digits or marks, or changes case within. */
const looksRandom = (value: string): boolean => {
  const bare = value.replace(/[.!?:]+$/u, "")
  if (bare.length < 6 || /^[*x•.X-]+$/u.test(bare)) return false
  const kinds =
    Number(/[a-z]/u.test(bare)) +
    Number(/[A-Z]/u.test(bare)) +
    Number(/\d/u.test(bare)) +
    Number(/[^\w\s-]/u.test(bare))
  // `process.env.API_KEY` is where a secret comes from.
  if (/^[A-Za-z_$]+(?:\.[A-Za-z_$]+)*$/u.test(bare) && /[._]/u.test(bare)) return false
  // A capital at the beginning is how a sentence begins.
  const mixed = /[a-z]/u.test(bare) && /[A-Z]/u.test(bare.slice(1))
  return kinds >= 2 && (mixed || /[\d]/u.test(bare) || /[^\w\s.-]/u.test(bare.slice(0, -1)))
}

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
  const digits = match.replaceAll(/[ -]/gu, "")
  return CARD.test(digits) && passesLuhn(digits) && !/^(\d)\1+$/u.test(digits)
}

/** The check sum of an IBAN (ISO 13616, mod 97-10). */
const isIban = (match: string): boolean => {
  const compact = match.replaceAll(/[ -]/gu, "").toUpperCase()
  if (compact.length < 15 || compact.length > 34) return false
  let rest = 0
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

const NUMBERS: ReadonlyArray<Form> = [
  { kind: "card number", pattern: /(?<![\w.,-])\d(?:[ -]?\d){12,18}(?![\w])/gu, isSecret: isCard },
  {
    kind: "account number",
    pattern: /(?<![\w-])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z\d]{4}){2,7}(?:[ -]?[A-Za-z\d]{1,3})?(?![\w])/gu,
    isSecret: isIban
  }
]

const FORMS: ReadonlyArray<Form> = [...ISSUED, ...NAMED, ...NUMBERS]

const BEGIN = /-----BEGIN [A-Z\d ]{0,40}PRIVATE KEY(?: BLOCK)?-----/gu
const END = /-----END [A-Z\d ]{0,40}PRIVATE KEY(?: BLOCK)?-----/gu

/** PEM and PGP blocks; one without an end reaches as far as its base64. */
const findPrivateKeys = (text: string): ReadonlyArray<Secret> => {
  const ends = Array.from(text.matchAll(END), (match) => match.index + match[0].length)
  let place = 0
  return Array.from(text.matchAll(BEGIN), (match): Secret => {
    const start = match.index
    while ((ends[place] ?? Number.POSITIVE_INFINITY) < start) place++
    const body = start + match[0].length
    const cut = /[^A-Za-z\d+/=\s\\:.,-]/u.exec(text.slice(body, body + 20_000))
    const end = ends[place] ?? (cut === null ? Math.min(text.length, body + 20_000) : body + cut.index)
    return { start, end, kind: "private key" }
  })
}

const findForm = ({ isSecret, kind, pattern }: Form, text: string): ReadonlyArray<Secret> => {
  const found: Array<Secret> = []
  for (const match of text.matchAll(pattern)) {
    const secret = match.groups?.["secret"] ?? match[0]
    if (isSecret !== undefined && !isSecret(secret)) continue
    const start = match.index + match[0].lastIndexOf(secret)
    found.push({ start, end: start + secret.length, kind })
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
