import type { Respond } from "@keepsake/agent/testing"

/** The model without a key: says what the memory block of the request holds of a truck. */
export const script: Respond = ({ body }) => {
  const prompt = JSON.stringify(body.messages)
  const block = /<memory today=.*?<\/memory>/su.exec(prompt)?.[0] ?? ""
  const name = /truck is called (?<name>\w+)/u.exec(block)?.groups?.["name"]
  return name === undefined
    ? "(scripted) Nothing is remembered about a truck yet."
    : `(scripted) The memory says: the truck is called ${name}.`
}
