import { textFrame } from '../frames.js'
import type { ServerMessage } from '../protocol.js'
import type { Wire } from './wire.js'

/** `houselights.v1`: JSON text frames, see protocol.ts. `data` is spliced in as the log holds it. */
export const v1Wire: Wire = {
  name: 'v1',
  resumes: true,
  encode: ({ group, seq, name, at, data }) =>
    textFrame(
      `{"type":"event","group":"${group}","seq":${seq},"name":"${name}","at":"${at}","data":${data}}`,
    ),
}

export const encodeMessage = (message: ServerMessage) => textFrame(JSON.stringify(message))

/** `data` is JSON text already. */
export const encodeSnapshot = (group: string, seq: number, data: string) =>
  textFrame(`{"type":"snapshot","group":"${group}","seq":${seq},"data":${data}}`)
