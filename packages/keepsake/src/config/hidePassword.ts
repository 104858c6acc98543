/** Replaces user and password of every URL in a text. */
export const hidePassword = (text: string): string => text.replaceAll(/:\/\/[^@/\s]*@/gu, "://…@")
