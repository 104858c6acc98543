/** Finds secrets in text by their form: keys, tokens, passwords in assignments and URLs, card numbers, IBANs. */
import type { JsonValue } from "../../memory/Memory.ts"
import { ACCOUNT_NUMBERS } from "./accountNumbers.ts"
import { ISSUED_SECRETS } from "./issuedSecrets.ts"
import { NAMED_SECRETS } from "./namedSecrets.ts"
import type { SecretForm, SecretKind } from "./SecretForm.ts"

interface Secret {
  readonly start: number
  readonly end: number
  readonly kind: SecretKind
}

const FORMS: ReadonlyArray<SecretForm> = [...ISSUED_SECRETS, ...NAMED_SECRETS, ...ACCOUNT_NUMBERS]

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

const findForm = ({ kind, measure, pattern }: SecretForm, text: string): ReadonlyArray<Secret> => {
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
