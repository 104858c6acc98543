import { InMemoryStore, inMemoryData } from "@keepsake/core"

export default InMemoryStore.layerOf(inMemoryData())
