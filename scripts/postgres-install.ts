/**
 * Unpacks PostgreSQL with pgvector from Debian's packages into a folder of the project. It does not install them
 * into the system, and does not touch the machine's own servers.
 */
import { execFileSync } from "node:child_process"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"

export interface PostgresTree {
  /** `…/usr/lib/postgresql/15/bin`. */
  readonly bin: string
  /** For `LD_LIBRARY_PATH`: libraries that the machine may lack. */
  readonly libraries: string
  /** `PostgreSQL 15.20, pgvector 0.8.0`. */
  readonly versions: string
}

/** The oldest pgvector that this project supports. */
const PGVECTOR_MIN = { major: 0, minor: 8 }
/** The Debian release whose pgvector source is compiled if the machine's package is too old. */
const SOURCE_SUITE = "trixie"

const run = (command: string, args: ReadonlyArray<string>, cwd?: string): string =>
  execFileSync(command, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd ? { cwd } : {})
  })

/** Whether an unprivileged server can read the path: every parent must be searchable by others. */
const isReadableByOthers = (path: string): boolean => {
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o001) === 0) return false
  }
  return true
}

const cacheFolder = (): string => {
  const own = resolve(import.meta.dirname, "../.cache/postgres")
  return process.getuid?.() !== 0 || isReadableByOthers(own) ? own : join(tmpdir(), "keepsake-postgres")
}

/** The machine's package sources as one-line entries, and a source of a newer pgvector. */
const packageSources = (): string => {
  const folder = "/etc/apt/sources.list.d"
  const lines: Array<string> = []
  const read = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "")
  lines.push(
    ...read("/etc/apt/sources.list")
      .split("\n")
      .filter((line) => line.startsWith("deb "))
  )
  for (const file of existsSync(folder) ? readdirSync(folder) : []) {
    if (file.endsWith(".list"))
      lines.push(
        ...read(join(folder, file))
          .split("\n")
          .filter((line) => line.startsWith("deb "))
      )
    if (!file.endsWith(".sources")) continue
    for (const stanza of read(join(folder, file)).split(/\n\s*\n/u)) {
      const field = (name: string) => new RegExp(`^${name}:\\s*(.+)$`, "imu").exec(stanza)?.[1]?.trim()
      const [uri, suites, components] = [field("URIs"), field("Suites"), field("Components")]
      if (uri === undefined || suites === undefined) continue
      const key = field("Signed-By")
      const options = key === undefined ? "" : `[signed-by=${key}] `
      for (const suite of suites.split(/\s+/u))
        lines.push(`deb ${options}${uri} ${suite} ${components ?? ""}`)
    }
  }
  const debian = lines.filter((line) => /debian/u.test(line) && !/nodesource|google/u.test(line))
  const main = debian.find((line) => !/security|updates|backports/u.test(line))
  if (main === undefined) {
    throw new Error(
      "No Debian package source on this machine: set KEEPSAKE_PG_URL to a server with pgvector 0.8 or newer."
    )
  }
  const source = main
    .replace(/^deb /u, "deb-src ")
    .replace(/(https?:\S+) \S+ .*$/u, `$1 ${SOURCE_SUITE} main`)
  return [...debian, source, ""].join("\n")
}

/** apt with private lists, cache and archives. */
const privateApt = (folder: string) => {
  for (const part of ["lists/partial", "archives/partial", "cache"])
    mkdirSync(join(folder, part), { recursive: true })
  writeFileSync(join(folder, "sources.list"), packageSources())
  const options = {
    "Dir::State::lists": join(folder, "lists"),
    "Dir::Cache": join(folder, "cache"),
    "Dir::Cache::archives": join(folder, "archives"),
    "Dir::Etc::sourcelist": join(folder, "sources.list"),
    "Dir::Etc::sourceparts": "/nonexistent",
    "APT::Sandbox::User": "",
    "Debug::NoLocking": "1"
  }
  const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`])
  return {
    get: (args: ReadonlyArray<string>) => run("apt-get", [...flags, "-q", ...args], join(folder, "archives")),
    cache: (args: ReadonlyArray<string>) => run("apt-cache", [...flags, ...args])
  }
}

type Apt = ReturnType<typeof privateApt>

const findCandidate = (apt: Apt, name: string): string | null => {
  const version = /Candidate: (?:\d+:)?(\S+)/u.exec(apt.cache(["policy", name]))?.[1]
  return version === undefined || version === "(none)" ? null : version
}

const isNewEnough = (version: string | null): boolean => {
  if (version === null) return false
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > PGVECTOR_MIN.major || (major === PGVECTOR_MIN.major && minor >= PGVECTOR_MIN.minor)
}

/** The flags of pgvector's Makefile, without those that tie it to one machine. */
const COMPILE =
  "-shared -fPIC -O2 -ftree-vectorize -fassociative-math -fno-signed-zeros -fno-trapping-math".split(" ")

/** Installs a compiler into the system, only as root and only if it is missing. */
const ensureCompiler = (): void => {
  try {
    run("gcc", ["--version"])
  } catch (cause) {
    if (process.getuid?.() !== 0) throw new Error("There is no gcc: apt-get install gcc libc6-dev", { cause })
    run("apt-get", ["update", "-q"])
    run("apt-get", ["install", "-q", "-y", "--no-install-recommends", "gcc", "libc6-dev"])
  }
}

const compilePgvector = (archives: string, root: string, major: string): string => {
  const tarball = readdirSync(archives).find((name) => /^pgvector_.*\.orig\.tar/u.test(name))
  if (tarball === undefined) throw new Error("apt-get source pgvector brought no source")
  const version = /pgvector_([\d.]+)\.orig/u.exec(tarball)?.[1] ?? "?"
  run("tar", ["xf", tarball], archives)
  const folder = join(archives, `pgvector-${version}`)
  const sources = readdirSync(join(folder, "src")).filter((name) => name.endsWith(".c"))
  const headers = join(root, "usr/include/postgresql", major, "server")
  const files = sources.map((name) => join("src", name))
  ensureCompiler()
  run("gcc", [...COMPILE, "-I", headers, "-o", join(folder, "vector.so"), ...files, "-lm"], folder)
  cpSync(join(folder, "vector.so"), join(root, "usr/lib/postgresql", major, "lib/vector.so"))
  const extension = join(root, "usr/share/postgresql", major, "extension")
  cpSync(join(folder, "vector.control"), join(extension, "vector.control"))
  cpSync(join(folder, "sql/vector.sql"), join(extension, `vector--${version}.sql`))
  return version
}

const build = (folder: string): void => {
  const apt = privateApt(folder)
  const [root, archives] = [join(folder, "root"), join(folder, "archives")]
  apt.get(["update"])
  const major = /Depends: postgresql-(\d+)/u.exec(apt.cache(["depends", "postgresql"]))?.[1]
  if (major === undefined) throw new Error("apt knows no postgresql package: set KEEPSAKE_PG_URL instead.")
  const packaged = findCandidate(apt, `postgresql-${major}-pgvector`)
  const wanted = [`postgresql-${major}`, ...(isNewEnough(packaged) ? [`postgresql-${major}-pgvector`] : [])]
  apt.get(["install", "--download-only", "--reinstall", "-y", "--no-install-recommends", ...wanted])
  if (!isNewEnough(packaged)) {
    apt.get(["download", `postgresql-server-dev-${major}`])
    apt.get(["source", "--download-only", "pgvector"])
  }
  mkdirSync(root)
  for (const name of readdirSync(archives).filter((file) => file.endsWith(".deb"))) {
    run("dpkg", ["-x", join(archives, name), root])
  }
  const vector = isNewEnough(packaged) ? packaged : compilePgvector(archives, root, major)
  const server = findCandidate(apt, `postgresql-${major}`)?.replace(/-.*$/u, "")
  writeFileSync(
    join(folder, "tree.json"),
    JSON.stringify({ major, versions: `PostgreSQL ${server}, pgvector ${vector?.replace(/-.*$/u, "")}` })
  )
  for (const part of ["lists", "archives", "cache"]) rmSync(join(folder, part), { recursive: true })
}

/** Returns the cached tree. The first call downloads it, in about 15 s. */
export const installPostgres = (): PostgresTree => {
  const cache = cacheFolder()
  const folder = join(cache, "tree")
  if (!existsSync(join(folder, "tree.json"))) {
    mkdirSync(cache, { recursive: true })
    const building = mkdtempSync(join(cache, "building-"))
    run("chmod", ["755", building])
    try {
      build(building)
      if (!existsSync(folder)) renameSync(building, folder)
    } catch (cause) {
      const stderr = cause instanceof Error && "stderr" in cause ? `\n${String(cause.stderr)}` : ""
      throw new Error(
        `No private PostgreSQL could be set up (it needs apt-get, dpkg and, for pgvector, gcc with libc6-dev); ` +
          `set KEEPSAKE_PG_URL to use a server of your own. ${String(cause)}${stderr}`,
        { cause }
      )
    } finally {
      rmSync(building, { recursive: true, force: true })
    }
  }
  const { major, versions } = JSON.parse(readFileSync(join(folder, "tree.json"), "utf8")) as {
    major: string
    versions: string
  }
  const library = join(folder, "root/usr/lib")
  const native = existsSync(library)
    ? readdirSync(library).find((name) => name.endsWith("-linux-gnu"))
    : undefined
  return { bin: join(library, "postgresql", major, "bin"), libraries: join(library, native ?? ""), versions }
}
