import { generateKeyPairSync } from "node:crypto"
import { globSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { makeRandom } from "../../src/testing/random.ts"
import { redactSecrets, redactSecretsIn } from "../../src/text/secrets/redactSecrets.ts"
import { cpuTimeOf } from "../support/cpuTime.ts"

const random = makeRandom(7)
const LOWER = "abcdefghijklmnopqrstuvwxyz"
const DIGITS = "0123456789"
const ALNUM = `${LOWER}${LOWER.toUpperCase()}${DIGITS}`
const draw = (alphabet: string, length: number) =>
  Array.from({ length }, () => alphabet[random.int(alphabet.length)]).join("")

const withLuhn = (start: string, length: number): string => {
  const body = start + draw(DIGITS, length - 1 - start.length)
  const sum = Array.from(body)
    .toReversed()
    .map(Number)
    .reduce((total, digit, i) => total + (i % 2 === 0 ? (digit * 2) % 9 || (digit === 0 ? 0 : 9) : digit), 0)
  return body + String((10 - (sum % 10)) % 10)
}

const withIbanCheck = (country: string, body: string): string => {
  const digits = Array.from(`${body}${country}00`, (c) => String(Number.parseInt(c, 36))).join("")
  return `${country}${String(98n - (BigInt(digits) % 97n)).padStart(2, "0")}${body}`
}
const inFours = (text: string, mark = " "): string => text.match(/.{1,4}/gu)?.join(mark) ?? text

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A secret as it is met: `before` and `after` stay. */
const FORMS: ReadonlyArray<readonly [name: string, make: () => string, around?: (secret: string) => string]> =
  [
    ["OpenAI", () => `sk-proj-${draw(`${ALNUM}_-`, 60)}a`],
    ["Anthropic", () => `sk-ant-api03-${draw(ALNUM, 93)}-${draw(ALNUM, 6)}AA`],
    ["AWS", () => `AKIA${draw(`${LOWER.toUpperCase()}234567`, 16)}`],
    ["AWS secret", () => draw(ALNUM, 40), (secret) => `aws_secret_access_key = ${secret}`],
    ["GitHub", () => `ghp_${draw(ALNUM, 36)}`],
    ["GitHub, fine-grained", () => `github_pat_${draw(ALNUM, 22)}_${draw(ALNUM, 59)}`],
    ["GitLab", () => `glpat-${draw(ALNUM, 20)}`],
    ["Slack", () => `xoxb-${draw(DIGITS, 12)}-${draw(DIGITS, 12)}-${draw(ALNUM, 24)}`],
    ["Stripe", () => `sk_live_${draw(ALNUM, 24)}`],
    ["Google", () => `AIza${draw(ALNUM, 35)}`],
    ["npm", () => `npm_${draw(ALNUM, 36)}`],
    ["Hugging Face", () => `hf_${draw(ALNUM, 34)}`],
    ["SendGrid", () => `SG.${draw(ALNUM, 22)}.${draw(ALNUM, 43)}`],
    ["Telegram", () => `${draw("123456789", 10)}:AA${draw(ALNUM, 33)}`],
    [
      "JSON Web Token",
      () => `${base64({ alg: "HS256" })}.${base64({ sub: draw(DIGITS, 10) })}.${draw(ALNUM, 43)}`
    ],
    [
      "private key",
      () =>
        generateKeyPairSync("ec", { namedCurve: "P-256" })
          .privateKey.export({ type: "pkcs8", format: "pem" })
          .toString()
          .trim()
    ],
    [
      "password in a URL",
      () => `${draw(ALNUM, 12)}7`,
      (secret) => `postgres://app:${secret}@db.internal:5432/shop`
    ],
    ["password, assigned", () => `${draw(ALNUM, 9)}7!`, (secret) => `DB_PASSWORD="${secret}"`],
    [
      "key in a query",
      () => `${draw(LOWER, 12)}${draw(DIGITS, 12)}`,
      (secret) => `https://api.example.org/v1?api_key=${secret}&page=2`
    ],
    ["bearer", () => `${draw(ALNUM, 31)}9`, (secret) => `Authorization: Bearer ${secret}`],
    ["Visa", () => inFours(withLuhn("4", 16))],
    ["Mastercard", () => inFours(withLuhn("53", 16), "-")],
    ["American Express", () => withLuhn("37", 15)],
    ["German IBAN", () => inFours(withIbanCheck("DE", draw(DIGITS, 18)))],
    ["British IBAN", () => withIbanCheck("GB", `NWBK${draw(DIGITS, 14)}`)]
  ]

const HEX = `${DIGITS}abcdef`
const LOWER_ALNUM = `${LOWER}${DIGITS}`
const UPPER_ALNUM = `${LOWER.toUpperCase()}${DIGITS}`
const uuid = () => [8, 4, 4, 4, 12].map((length) => draw(HEX, length)).join("-")

/** Further forms of public lists of secret scanners. */
const ISSUED: ReadonlyArray<readonly [name: string, make: () => string]> = [
  ["1Password", () => `ops_eyJ${draw(ALNUM, 260)}`],
  ["Airtable", () => `pat${draw(ALNUM, 14)}.${draw(HEX, 64)}`],
  ["Azure, an application", () => `${draw(ALNUM, 3)}8Q~${draw(ALNUM, 34)}`],
  ["Azure, a storage account", () => `DefaultEndpointsProtocol=https;AccountKey=${draw(ALNUM, 86)}==`],
  ["Bedrock", () => `ABSK${draw(ALNUM, 110)}=`],
  ["Brevo", () => `xkeysib-${draw(HEX, 64)}-${draw(ALNUM, 16)}`],
  ["Cerebras", () => `csk-${draw(LOWER_ALNUM, 48)}`],
  ["Dynatrace", () => `dt0c01.${draw(UPPER_ALNUM, 24)}.${draw(UPPER_ALNUM, 64)}`],
  ["ElevenLabs", () => `sk_${draw(HEX, 48)}`],
  ["Firecrawl", () => `fc-${draw(HEX, 32)}`],
  ["GitLab, routable", () => `glpat-${draw(ALNUM, 30)}.01.${draw(LOWER_ALNUM, 9)}`],
  ["Groq", () => `gsk_${draw(ALNUM, 52)}`],
  ["Heroku", () => `HRKU-AA${draw(ALNUM, 58)}`],
  ["Langfuse", () => `sk-lf-${uuid()}`],
  ["LangSmith", () => `lsv2_pt_${draw(HEX, 32)}_${draw(HEX, 10)}`],
  ["Mailchimp", () => `${draw(HEX, 32)}-us12`],
  ["Neon", () => `napi_${draw(LOWER_ALNUM, 64)}`],
  ["Notion", () => `ntn_${draw(DIGITS, 11)}${draw(ALNUM, 35)}`],
  ["Pinecone", () => `pcsk_${draw(ALNUM, 6)}_${draw(ALNUM, 62)}`],
  ["Plaid", () => `access-production-${uuid()}`],
  ["PlanetScale", () => `pscale_tkn_${draw(ALNUM, 43)}`],
  ["Pulumi", () => `pul-${draw(HEX, 40)}`],
  ["Resend", () => `re_${draw(ALNUM, 8)}_${draw(ALNUM, 24)}`],
  ["Sentry", () => `sntryu_${draw(HEX, 64)}`],
  ["Supabase", () => `sb_secret_${draw(ALNUM, 22)}_${draw(ALNUM, 8)}`],
  ["Tailscale", () => `tskey-auth-${draw(ALNUM, 12)}CNTRL-${draw(ALNUM, 32)}`],
  ["Terraform", () => `${draw(ALNUM, 14)}.atlasv1.${draw(ALNUM, 67)}`],
  ["Together", () => `tgp_v1_${draw(ALNUM, 43)}`],
  ["Vercel", () => `vercel_blob_rw_${draw(ALNUM, 16)}_${draw(ALNUM, 30)}`],
  ["Voyage", () => `pa-${draw(ALNUM, 43)}`],
  ["xAI", () => `xai-${draw(ALNUM, 80)}`],
  ["a wallet", () => `private key: 0x${draw(HEX, 64)}`],
  ["curl", () => `curl -s -u admin:${draw(ALNUM, 14)}`],
  ["PuTTY", () => `Private-Lines: 2\n${draw(ALNUM, 64)}\n${draw(ALNUM, 44)}`]
]

describe("redactSecrets", () => {
  it("finds at least 190 of 200 made-up secrets and leaves the words around them", () => {
    const missed: Array<string> = []
    for (const [name, make, around = (secret: string) => secret] of FORMS) {
      for (let i = 0; i < 8; i++) {
        const secret = make()
        const redacted = redactSecrets(
          `Please keep this for me: ${around(secret)} and thanks, see you at 10.`
        )
        expect(redacted).toMatch(/^Please keep this for me: .* and thanks, see you at 10\.$/su)
        if (redacted.includes(secret) || !redacted.includes("[redacted: ")) missed.push(`${name}: ${secret}`)
      }
    }
    expect(FORMS.length * 8).toBe(200)
    // The eleventh miss and those after it: the bar is ten.
    expect(missed.slice(10)).toEqual([])
  })

  it.each(ISSUED)("finds a key of %s", (_, make) => {
    for (let i = 0; i < 20; i++) {
      const secret = make()
      const redacted = redactSecrets(`Keep ${secret} for me.`)
      expect(redacted).toMatch(/^Keep .*\[redacted: [a-zA-Z ]+\].* for me\.$/su)
      expect(redacted).not.toContain(secret.slice(-12))
    }
  })

  it.each([
    ["a card with its date", "4111 1111 1111 1111 12/27 123", "[redacted: card number] 12/27 123"],
    ["a card and a security code", "4111 1111 1111 1111 123", "[redacted: card number] 123"],
    [
      "an IBAN before a word of four letters",
      "AT61 1904 3002 3457 3201 from work",
      "[redacted: account number] from work"
    ],
    [
      "a key cut off within",
      `-----BEGIN PRIVATE KEY-----\n${"Ab1+".repeat(16)}\n${"Ab1/".repeat(8)}\nThen we talked on.`,
      "[redacted: private key]\nThen we talked on."
    ],
    ["a name of several words", "OPENAI_API_KEY=Zx81kQ02mNv73bTq", "OPENAI_API_KEY=[redacted: password]"],
    ["another language", "Das Passwort ist Kx7!tulpe", "Das Passwort ist [redacted: password]"],
    ["no spaces", "密码是Kx7!tulpe", "密码是[redacted: password]"]
  ])("finds %s", (_, text, redacted) => {
    expect(redactSecrets(text)).toBe(redacted)
  })

  it("redacts every text of JSON and leaves the rest", () => {
    const key = `ghp_${draw(ALNUM, 36)}`
    const facts = { url: [`https://x.org/?token=${key}`], nested: { [key]: key, n: 1, no: null, yes: true } }
    expect(redactSecretsIn(facts)).toEqual({
      url: ["https://x.org/?token=[redacted: token]"],
      nested: { "[redacted: token]": "[redacted: token]", n: 1, no: null, yes: true }
    })
  })

  it("finds at most one in 10,000 words of ordinary prose", () => {
    const root = fileURLToPath(new URL("../../../..", import.meta.url))
    const dialogues = readFileSync(`${root}/examples/benchmark/data/keepsake-dialogues.json`, "utf8")
    const documents = globSync("docs/**/*.md", { cwd: root }).map((file) =>
      readFileSync(`${root}/${file}`, "utf8").replaceAll(/```.*?```|`[^`]*`/gsu, "")
    )
    const prose = [dialogues, ...documents].join("\n")
    const words = prose.split(/\s+/u).length
    const hits = redactSecrets(prose).split("[redacted: ").length - 1
    expect(words).toBeGreaterThan(20_000)
    expect(hits).toBeLessThanOrEqual(words / 10_000)
  })

  it.each([
    "My order number is 4111 1111 1111 1112.",
    "Call me at +351 912 345 678 or 0171 2345678.",
    "The password is important, so keep it safe.",
    "The key is under the mat; the token economy is over.",
    "Commit 4f2a9c1e7b6d5a4c3b2a1f0e9d8c7b6a5f4e3d2c fixed it.",
    "id b48ca159-88d9-5a29-b8aa-c391d5a30189",
    "password = process.env.DB_PASSWORD",
    "Meet at 10:30 on 2026-11-24, room 12, https://example.org/a/b?page=2",
    "basic understanding of authentication",
    "The sort key is createdAt, the primary key: userId2.",
    "hot-key: Ctrl+Shift+P",
    "sk-learn-based-classifier-pipeline and secret_santa_gift_exchange_list",
    "npm_config_registry_url_default_value_of_all",
    "const password = userPassword; PWD=/home/robot1",
    "A file that begins with -----BEGIN PRIVATE KEY----- holds a key. We went on, then had lunch.",
    "DE89 3704 0044 0532 0130 01 is mistyped"
  ])("leaves %j as it is", (text) => {
    expect(redactSecrets(text)).toBe(text)
  })

  it.each([
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n",
    "password=",
    "eyJaaaaaaaa.",
    "http://a:",
    "AB12 ",
    "4111 ",
    "sk-",
    "curl -",
    "api_key: ",
    "Private-Lines: 1\n",
    "Ab1xAb1x"
  ])("takes time in proportion to the text: %j again and again", (part) => {
    const [short, long] = [part.repeat(50_000 / part.length), part.repeat(400_000 / part.length)]
    // Eight times as long; 64 times as much work would be quadratic.
    const most =
      40 *
      Math.max(
        cpuTimeOf(() => redactSecrets(short)),
        1
      )
    expect(cpuTimeOf(() => redactSecrets(long), most)).toBeLessThan(most)
  })
})
