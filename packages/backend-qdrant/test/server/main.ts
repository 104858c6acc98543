/** The stand-in in a process of its own: prints its URL, and serves until standard input ends. */
import { startQdrant } from "./QdrantServer.ts"

const server = await startQdrant()
process.stdout.write(`${server.url}\n`)
// Whoever started it holds the other end: no orphan outlives its parent, however that ends.
process.stdin.resume()
process.stdin.once("end", () => {
  void server.stop()
})
