import { performHere } from './terminal.js'
import { userCommand } from './user-command.js'

await performHere(userCommand)
