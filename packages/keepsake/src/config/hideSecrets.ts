/** The one redactor of addresses that are printed: a store's, an embedder's, those in an error's text. */
import { redactSecrets } from "@keepsake/core"

/** Values of these parameters are shown; any other parameter may carry a password, a key or a signature. */
const SHOWN_PARAMETERS: ReadonlySet<string> = new Set([
  "accessCounts",
  "api-version",
  "application_name",
  "collection",
  "connect_timeout",
  "host",
  "port",
  "quantization",
  "readConsistency",
  "readOnly",
  "replicationFactor",
  "shardKeys",
  "sslmode",
  "vectors",
  "writeConsistencyFactor",
  "writeOrdering"
])

const hideParameters = (parameters: string): string =>
  parameters
    .split("&")
    .map((part) => {
      const [name = "", ...value] = part.split("=")
      return value.length === 0 || SHOWN_PARAMETERS.has(name) ? part : `${name}=…`
    })
    .join("&")

/** No key of a known form is shorter. */
const KEY_LENGTH_MIN = 12

/** A password may hold what a URL forbids there (`@`, `/`, `?`, `#`): everything up to the last `@` goes. */
const hideAfterScheme = (rest: string): string => {
  const at = rest.lastIndexOf("@")
  const address = at < 0 ? rest : rest.slice(at + 1)
  const hidden = at < 0 ? "" : "…@"
  const [, location = "", query, fragment] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/su.exec(address) ?? []
  return (
    hidden +
    (location.length < KEY_LENGTH_MIN ? location : redactSecrets(location)) +
    (query === undefined ? "" : `?${hideParameters(query)}`) +
    (fragment === undefined ? "" : `#${hideParameters(fragment)}`)
  )
}

/** Hides the secrets of one address: user, password, parameters, and keys of a known form in its path. */
export const hideUrlSecrets = (url: string): string =>
  url.replace(/^([^:/?#]*:\/\/)(.*)$/su, (_, scheme: string, rest: string) => scheme + hideAfterScheme(rest))

/** Hides the secrets of every address in a text. */
export const hideSecrets = (text: string): string =>
  text.replaceAll(/:\/\/[^\s"'`<>]*/gu, (url) => {
    // Punctuation of the sentence around it.
    const end = /[.,;:)\]}]{0,8}$/u.exec(url)?.[0] ?? ""
    return hideUrlSecrets(url.slice(0, url.length - end.length)) + end
  })
