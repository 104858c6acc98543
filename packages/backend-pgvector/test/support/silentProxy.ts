import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import * as Effect from "effect/Effect"

/** A way to a server that may fall silent, as a router does that has forgotten a connection: nothing ends, nothing arrives. */
export interface SilentProxy {
  readonly url: string
  /** The connections there are; later ones are served. */
  readonly silenceAll: () => void
  /** Later connections too, until `serve`. */
  readonly silence: () => void
  readonly serve: () => void
  /** How many connections have been made. */
  readonly connections: () => number
}

/** In front of the server of `url`. */
export const silentProxy = (url: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const target = new URL(url)
        const sockets = new Set<Socket>()
        const silent = new WeakSet<Socket>()
        let isSilent = false
        let made = 0
        const server = createServer((socket) => {
          made++
          const upstream = connect(Number(target.port), target.hostname)
          const pass = (from: Socket, to: Socket) => {
            sockets.add(from)
            from.on("error", () => undefined)
            from.on("data", (chunk) => {
              if (!isSilent && !silent.has(from)) to.write(chunk)
            })
            from.on("close", () => {
              if (!isSilent && !silent.has(from)) to.destroy()
            })
          }
          pass(socket, upstream)
          pass(upstream, socket)
        })
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        const own = new URL(url)
        own.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
        const silenceAll = () => {
          for (const socket of sockets) silent.add(socket)
        }
        const proxy: SilentProxy = {
          url: own.href,
          silenceAll,
          silence: () => {
            isSilent = true
            silenceAll()
          },
          serve: () => {
            isSilent = false
          },
          connections: () => made
        }
        return { proxy, server, sockets }
      }),
      ({ server, sockets }) =>
        Effect.promise(async () => {
          for (const socket of sockets) socket.destroy()
          await new Promise((done) => server.close(done))
        })
    ),
    ({ proxy }) => proxy
  )
