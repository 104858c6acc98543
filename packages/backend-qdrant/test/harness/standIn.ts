/** The stand-in in a process of its own: prints its URL, and serves until standard input ends. */
import { startQdrant } from "../server/QdrantServer.ts"

const server = await startQdrant()
process.stdout.write(`${server.url}\n`)
// The parent holds the other end, so the stand-in ends with its parent.
process.stdin.resume()
process.stdin.once("end", () => {
  void server.stop()
})
