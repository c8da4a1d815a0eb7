import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A program that tests need from outside of npm, and how it comes onto a machine. */
export interface Program {
  /** for people */
  name: string
  /** looked for in this order */
  commands: readonly string[]
  /** looked at after the PATH */
  paths?: readonly string[]
  /** whether what was found can be used: a program may lack its libraries */
  isUsable?(path: string): boolean
  /** the package's name, or several separated by blanks, on the systems where apt has it */
  apt: { debian?: string; ubuntu?: string }
  /** what helps elsewhere */
  remedy: { darwin: string; other: string }
}

type System = 'debian' | 'ubuntu' | 'darwin' | 'other'

/** The first of the commands that the PATH holds as an executable file. */
export function findOnPath(commands: readonly string[]): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const command of commands) {
    const found = folders.map((folder) => join(folder, command)).find(isExecutable)
    if (found) return found
  }
  return null
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function find({ commands, paths, isUsable }: Program): string | null {
  const found = findOnPath(commands) ?? paths?.find(isExecutable) ?? null
  return found !== null && isUsable?.(found) === false ? null : found
}

export interface Machine {
  system: System
  isRoot: boolean
}

const thisMachine = (): Machine => ({
  system: systemOf(process.platform, readOsRelease()),
  isRoot: process.getuid?.() === 0,
})

/**
 * Where the program is. As root on Debian and Ubuntu it is installed when missing, and a line says so; elsewhere
 * the error holds the one command that helps.
 */
export function requireProgram(program: Program, machine: Machine = thisMachine()): string {
  const found = find(program)
  if (found) return found
  const aptPackage = aptPackageOf(program, machine.system)
  if (aptPackage && machine.isRoot && findOnPath(['apt-get'])) {
    install(program.name, aptPackage)
    const installed = find(program)
    if (installed) return installed
  }
  throw new Error(`${program.name} is needed and not on this machine: ${remedyOf(program, machine.system)}`)
}

/** The same for a program that there is a substitute for: installed where that goes without asking, and no error elsewhere. */
export function installOptional(program: Program, machine: Machine = thisMachine()): void {
  try {
    requireProgram(program, machine)
  } catch {
    // its substitute is used
  }
}

const aptPackageOf = ({ apt }: Program, system: System): string | undefined =>
  system === 'debian' || system === 'ubuntu' ? apt[system] : undefined

function remedyOf(program: Program, system: System): string {
  const aptPackage = aptPackageOf(program, system)
  if (aptPackage) return `sudo apt-get install -y ${aptPackage}`
  return system === 'darwin' ? program.remedy.darwin : program.remedy.other
}

export function systemOf(platform: NodeJS.Platform, osRelease: string): System {
  if (platform === 'darwin') return 'darwin'
  const id = /^ID="?(debian|ubuntu)"?$/m.exec(osRelease)?.[1]
  return id === 'debian' || id === 'ubuntu' ? id : 'other'
}

function readOsRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8')
  } catch {
    return ''
  }
}

function install(name: string, aptPackage: string): void {
  const args = [
    'install',
    '-y',
    '--no-install-recommends',
    '-o',
    'DPkg::Lock::Timeout=300',
    ...aptPackage.split(' '),
  ]
  process.stderr.write(`houselights: ${name} is missing, installing it: apt-get ${args.join(' ')}\n`)
  if (aptGet(args).status === 0) return
  // a fresh machine has no package lists, an old one has lists of packages that are gone
  aptGet(['update'])
  const { status, output } = aptGet(args)
  if (status !== 0)
    throw new Error(`installing ${name} failed: ${output.trim().split('\n').slice(-3).join(' ')}`)
}

function aptGet(args: string[]): { status: number; output: string } {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stdout, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' })
  return { status: status ?? 1, output: `${stdout}\n${stderr}` }
}
