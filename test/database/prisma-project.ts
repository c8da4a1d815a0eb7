import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { PROGRAM_PATIENCE, within } from '../helpers/deadline.js'
import { dataDirectory, PROJECT } from '../helpers/embedded-servers.js'
import type { Teardown } from '../helpers/teardown.js'

const SCHEMA = `generator client {
  provider            = "prisma-client"
  output              = "../src/database/generated"
  importFileExtension = "js"
}

datasource db {
  provider = "postgresql"
}

enum Color {
  red
  green
}

model Thing {
  id    Int      @id @default(autoincrement())
  name  String   @unique
  color Color
  at    DateTime @default(now()) @db.Timestamptz(3)
}
`

export interface Run {
  code: number | null
  stdout: string
  stderr: string
}

/** A copy of what the Prisma CLI needs from this project, as after `npm ci`, with a schema of its own. */
export class PrismaProject {
  readonly directory: string
  private readonly tripwireLog: string

  /** @param options.installed false: a fresh clone, whose commands are run by a Prisma from elsewhere, as npx does */
  constructor(
    t: Teardown,
    private readonly options = { installed: true },
  ) {
    // The embedded server's directory is .data; what ends a left-over server has to know it.
    const parent = dataDirectory(t)
    this.directory = join(parent, 'project')
    this.tripwireLog = join(parent, 'network.log')
    mkdirSync(join(this.directory, 'prisma'), { recursive: true })
    if (options.installed) symlinkSync(join(PROJECT, 'node_modules'), join(this.directory, 'node_modules'))
    for (const name of [
      'package.json',
      'prisma.config.ts',
      'scripts/lib',
      'scripts/schema-engine.mjs',
      'scripts/schema-engine',
      'src/database',
    ]) {
      cpSync(join(PROJECT, name), join(this.directory, name), {
        recursive: true,
        filter: (path) => !path.endsWith('generated'),
      })
    }
    this.write('prisma/schema.prisma', SCHEMA)
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  write(name: string, content: string): void {
    mkdirSync(join(this.path(name), '..'), { recursive: true })
    writeFileSync(this.path(name), content)
  }

  /** Runs `npx prisma …` and records attempts to leave this machine. */
  async prisma(command: string, env: Record<string, string> = {}, input = ''): Promise<Run> {
    const { DATABASE_URL: _, ...inherited } = process.env
    const installation = this.options.installed ? this.directory : PROJECT
    const cli = join(installation, 'node_modules', 'prisma', 'build', 'index.js')
    const child = spawn(process.execPath, [cli, ...command.split(' ')], {
      cwd: this.directory,
      env: {
        ...inherited,
        NODE_OPTIONS: `--import=${join(PROJECT, 'test/database/network-tripwire.mjs')}`,
        NETWORK_TRIPWIRE: this.tripwireLog,
        // as for a user with internet: Prisma's downloads and announcements are enabled
        CI: '',
        ...env,
      },
    })
    child.stdin.end(input)
    const all = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
    const [[code], stdout, stderr] = await within(all, PROGRAM_PATIENCE, () => `prisma ${command}`)
    return { code: code as number | null, stdout, stderr }
  }

  /** the connections that would have left this machine */
  networkAttempts(): string {
    return existsSync(this.tripwireLog) ? readFileSync(this.tripwireLog, 'utf8') : ''
  }
}
