/** What an error says of itself in a field `isRetryable`; `otherwise` if it says nothing. */
export const wasRetryable = (error: unknown, otherwise: boolean): boolean =>
  typeof error === "object" && error !== null && "isRetryable" in error
    ? error.isRetryable === true
    : otherwise
