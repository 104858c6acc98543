import { type SecretForm, wholeIf } from "./SecretForm.ts"

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

const cards = (digits: string): SecretForm => ({
  kind: "card number",
  pattern: new RegExp(`(?<![\\w.,-])${digits}(?!\\w)`, "gu"),
  measure: wholeIf(isCard)
})

/** Card numbers and IBANs, told by their check sums. */
export const ACCOUNT_NUMBERS: ReadonlyArray<SecretForm> = [
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
