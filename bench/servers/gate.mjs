// @ts-check
import { answerCommands } from './measured.mjs'

const { BENCH_BUILD: build = '', BENCH_GATE_FILE: file = '' } = process.env

/** The gate as built for `npm run gate`. It says itself when it listens. */
process.argv[2] = file
answerCommands(async () => {})
await import(`${build}/src/gate-server.js`)
