const encoder = new TextEncoder()

/** FNV-1a over UTF-8 with murmur's finaliser: 32 bits; two of 10,000 words collide in one of 86 vocabularies. */
export const termId = (token: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < token.length; i++) {
    const code = token.charCodeAt(i)
    if (code > 0x7f) return finalise(hashBytes(encoder.encode(token)))
    hash = Math.imul(hash ^ code, 0x01000193)
  }
  return finalise(hash)
}

const hashBytes = (bytes: Uint8Array): number => {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}

const finalise = (hash: number): number => {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
