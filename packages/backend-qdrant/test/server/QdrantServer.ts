/**
 * A stand-in for a Qdrant server: HTTP over points in memory, with the endpoints that the store uses. It
 * answers like the published OpenAPI description and a 1.19.0 server, refuses every other request, and can be
 * told to fail.
 */
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import type { Faults, ReceivedRequest } from "./faults.ts"
import { handleRequest, type ServerOptions } from "./handleRequest.ts"
import { emptyData, type ServerData } from "./ServerData.ts"

export interface QdrantServer extends AsyncDisposable {
  readonly url: string
  readonly data: ServerData
  /** The requests so far; tests empty it. */
  readonly requests: Array<ReceivedRequest>
  /** Bytes of the JSON answers so far; tests empty it. */
  readonly responses: Array<number>
  faults: Faults
  /** Drops every connection, then serves the same data on the same port. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, "127.0.0.1", () => resolve())
  })

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

/** Starts a server on a free port of the loopback interface; with the data of others, a node beside them. */
export const startQdrant = async (
  options: ServerOptions = {},
  data: ServerData = emptyData()
): Promise<QdrantServer> => {
  let http: Server
  const open = async (port: number) => {
    http = createServer((request, response) => {
      void handleRequest(options, server, request, response)
    })
    http.keepAliveTimeout = 60_000
    await listen(http, port)
    return (http.address() as AddressInfo).port
  }
  const server: QdrantServer = {
    url: "",
    data,
    requests: [],
    responses: [],
    faults: () => undefined,
    restart: async () => {
      await close(http)
      await open(port)
    },
    stop: () => close(http),
    [Symbol.asyncDispose]: () => close(http)
  }
  const port = await open(0)
  return Object.assign(server, { url: `http://127.0.0.1:${port}` })
}

export interface QdrantCluster extends AsyncDisposable {
  /** The nodes' URLs, separated by commas. */
  readonly url: string
  readonly nodes: ReadonlyArray<QdrantServer>
  readonly data: ServerData
  /** Ends a node: it refuses connections, and its replicas are gone. */
  readonly stopNode: (index: number) => Promise<void>
  readonly stop: () => Promise<void>
}

/** Nodes in cluster mode with one set of collections. */
export const startCluster = async (size: number, options: ServerOptions = {}): Promise<QdrantCluster> => {
  const data = emptyData(size)
  const nodes = await Promise.all(Array.from({ length: size }, () => startQdrant(options, data)))
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()))
  }
  return {
    url: nodes.map(({ url }) => url).join(","),
    nodes,
    data,
    stopNode: async (index) => {
      data.cluster?.down.add(index)
      await nodes[index]?.stop()
    },
    stop,
    [Symbol.asyncDispose]: stop
  }
}
