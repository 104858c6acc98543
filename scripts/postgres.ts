/** A private PostgreSQL server for tests and benchmarks: a throw-away cluster on a loopback port. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { installPostgres, type PostgresTree } from "./postgres-install.ts"

export interface PrivatePostgres {
  /** A superuser on loopback, in an empty database. */
  readonly url: string
  readonly versions: string
  /** The cluster's files, for tests that look at the bytes. */
  readonly dataFolder: string
  /** `kill -9` of the server and all its sessions, as in a crash. */
  readonly kill: () => Promise<void>
  /** Starts it again over the same files, on the same port. */
  readonly start: () => Promise<void>
  /** A hot standby that follows it, until the server stops. */
  readonly startStandby: () => Promise<PrivateStandby>
  /** Shuts the server down and deletes its files. */
  readonly stop: () => Promise<void>
}

export interface PrivateStandby {
  readonly url: string
  /** `kill -9`, as in a crash. */
  readonly kill: () => Promise<void>
}

/** PostgreSQL refuses to run as root; this is `nobody` on Debian. */
const UNPRIVILEGED = 65_534
const USER = "keepsake"

const freePort = (): Promise<number> =>
  new Promise((done, fail) => {
    const server = createServer()
    server.once("error", fail)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => done(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

const identity = (): { uid: number; gid: number } | Record<string, never> =>
  process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {}

const environment = (tree: PostgresTree): NodeJS.ProcessEnv => ({
  PATH: `${tree.bin}:/usr/bin:/bin`,
  LD_LIBRARY_PATH: tree.libraries,
  LC_ALL: "C"
})

const initialise = (tree: PostgresTree, folder: string, password: string): string => {
  const data = join(folder, "data")
  const passwordFile = join(folder, "password")
  writeFileSync(passwordFile, password, { mode: 0o644 })
  execFileSync(
    join(tree.bin, "initdb"),
    ["-D", data, "-U", USER, "--auth=scram-sha-256", `--pwfile=${passwordFile}`, "-E", "UTF8", "--no-sync"],
    { ...identity(), env: environment(tree), cwd: folder, stdio: ["ignore", "ignore", "pipe"] }
  )
  rmSync(passwordFile)
  return data
}

/** Resolves once the server accepts connections; rejects with its log if it exits first. */
const launch = (tree: PostgresTree, data: string, port: number): Promise<ChildProcess> =>
  new Promise((done, fail) => {
    const settings = {
      listen_addresses: "127.0.0.1",
      port,
      unix_socket_directories: "",
      // The cluster is temporary: it must survive a crash of the server, not of the machine.
      fsync: "off",
      // So that a test may subscribe to it.
      wal_level: "logical",
      max_connections: 200,
      shared_buffers: "512MB",
      max_wal_size: "4GB",
      maintenance_work_mem: "512MB",
      log_min_messages: "log"
    }
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
    const server = spawn(join(tree.bin, "postgres"), ["-D", data, ...flags], {
      ...identity(),
      env: environment(tree),
      cwd: data,
      stdio: ["ignore", "ignore", "pipe"]
    })
    let log = ""
    server.stderr.setEncoding("utf8")
    server.stderr.on("data", (text: string) => {
      log = (log + text).slice(-20_000)
      if (/database system is ready to accept (?:read-only )?connections/u.test(text)) done(server)
    })
    server.once("error", fail)
    server.once("exit", () => fail(new Error(`PostgreSQL did not start:\n${log}`)))
  })

const waitForExit = (server: ChildProcess): Promise<void> =>
  new Promise((done) => {
    if (server.exitCode !== null || server.signalCode !== null) done()
    else server.once("exit", () => done())
  })

const listSessions = (pid: number): ReadonlyArray<number> => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number)
  } catch {
    return []
  }
}

const killServer = async (server: ChildProcess): Promise<void> => {
  const pids = server.pid === undefined ? [] : [server.pid, ...listSessions(server.pid)]
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL")
    } catch {
      // Already exited.
    }
  }
  await waitForExit(server)
}

/** Creates and starts a cluster: about 2 s once the tree is cached. */
export const startPostgres = async (): Promise<PrivatePostgres> => {
  const tree = installPostgres()
  const folder = mkdtempSync(join(tmpdir(), "keepsake-pg-"))
  chmodSync(folder, 0o755)
  const { gid, uid } = identity()
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
  const password = Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString("hex")
  const dataFolder = initialise(tree, folder, password)
  const port = await freePort()
  let server = await launch(tree, dataFolder, port)

  const kill = () => killServer(server)
  const start = async () => {
    // Retries: a session that briefly outlives its server still holds the shared memory.
    for (let attempt = 1; ; attempt++) {
      try {
        server = await launch(tree, dataFolder, port)
        return
      } catch (cause) {
        if (attempt === 50) throw cause
      }
    }
  }
  const standbys: Array<ChildProcess> = []
  const startStandby = async (): Promise<PrivateStandby> => {
    const copy = join(folder, `standby-${standbys.length}`)
    const source = `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`
    execFileSync(
      join(tree.bin, "pg_basebackup"),
      ["-D", copy, "-d", source, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"],
      { ...identity(), env: environment(tree), cwd: folder, stdio: ["ignore", "ignore", "pipe"] }
    )
    const ownPort = await freePort()
    const standby = await launch(tree, copy, ownPort)
    standbys.push(standby)
    return {
      url: `postgres://${USER}:${password}@127.0.0.1:${ownPort}/postgres`,
      kill: async () => {
        await killServer(standby)
      }
    }
  }
  const stop = async () => {
    await Promise.all(standbys.map(killServer))
    server.kill("SIGINT")
    await waitForExit(server)
    rmSync(folder, { recursive: true, force: true })
  }
  process.once("exit", () => {
    for (const running of [...standbys, server]) running.kill("SIGKILL")
  })
  return {
    url: `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`,
    versions: tree.versions,
    dataFolder,
    kill,
    start,
    startStandby,
    stop
  }
}
