import { type SecretForm, type SecretKind, wholeIf } from "./SecretForm.ts"

/** Eight letters and digits in a row that are no word: digits among letters, or capitals after small letters. */
const isOpaque = (match: string): boolean =>
  (match.match(/[A-Za-z\d]{8,}/gu) ?? []).some((run) =>
    /\d/u.test(run) ? /[A-Za-z]/u.test(run) : /[a-z][A-Z]/u.test(run)
  )

/** A prefix that opens a run of letters and digits: an identifier that merely holds it is none. */
const prefixed = (prefixes: string, rest: string): RegExp =>
  new RegExp(`(?<![\\w-])(?:${prefixes})${rest}(?![\\w])`, "gu")

/** Keys of a prefix and anything without spaces, which words could follow as well. */
const opaque = (kind: SecretKind, prefixes: string, rest: string): SecretForm => ({
  kind,
  pattern: prefixed(prefixes, rest),
  measure: wholeIf(isOpaque)
})

/** Keys that their issuers gave a prefix, so that scanners find them. */
export const ISSUED_SECRETS: ReadonlyArray<SecretForm> = [
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
