import type Anthropic from "@anthropic-ai/sdk"
import type { RequestParams } from "../../ModelClient.ts"

type Params = Anthropic.Beta.Messages.MessageCreateParamsNonStreaming

/** The container of code execution; later requests run in the same. */
export interface ContainerHolder {
  current: { readonly id: string; readonly expiresAt: number } | undefined
}

/** The caller's container with the id that the API gave. */
export const chooseContainer = (
  asked: RequestParams["container"],
  { current }: ContainerHolder
): Pick<Params, "container"> => {
  if (current === undefined || current.expiresAt <= Date.now()) return {}
  if (typeof asked === "object" && asked !== null)
    return { container: { ...asked, id: asked.id ?? current.id } }
  return { container: asked ?? current.id }
}

/** Remembers the container of a reply. */
export const keepContainer = (
  holder: ContainerHolder,
  { container }: Anthropic.Beta.Messages.BetaMessage
): void => {
  if (container === null || container === undefined) return
  const expiresAt = Date.parse(container.expires_at)
  holder.current = {
    id: container.id,
    expiresAt: Number.isNaN(expiresAt) ? Number.POSITIVE_INFINITY : expiresAt
  }
}
