/** What was found; named in the mark that takes its place. */
export type SecretKind = "private key" | "API key" | "token" | "password" | "card number" | "account number"

/** The form of a secret in text. */
export interface SecretForm {
  readonly kind: SecretKind
  /**
   * Global; with indices where a named group `secret` is the secret and not the whole match. Repetitions are bounded:
   * linear time.
   */
  readonly pattern: RegExp
  /** The length of the secret within the match, from its start; 0 for none. */
  readonly measure?: (match: string) => number
}

export const wholeIf =
  (isSecret: (match: string) => boolean) =>
  (match: string): number =>
    isSecret(match) ? match.length : 0
