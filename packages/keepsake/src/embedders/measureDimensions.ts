import type { EmbedderProvider } from "@keepsake/core"

/** Embeds one text to learn the length of a model's vectors; 0 if none came. */
export const measureDimensions = async (embed: EmbedderProvider["embed"]): Promise<number> => {
  const [vector] = await embed(["How long is a vector?"], "document", new AbortController().signal)
  return vector?.length ?? 0
}
