import { performHere } from './terminal.js'
import { theatreCommand } from './theatre-command.js'

await performHere(theatreCommand)
