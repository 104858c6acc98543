/** An estimate: four ASCII characters per token, and one token per other character. */
export const countTokens = (value: unknown): number => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "")
  let others = 0
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) others += 1
  return Math.ceil((text.length - others) / 4) + others
}
