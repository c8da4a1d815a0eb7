import type { Socket } from 'node:net'

/** libuv's TCP handle */
interface SocketHandle {
  /** bytes passed to libuv */
  bytesWritten?: number
  /** those of them that the kernel has not accepted yet */
  writeQueueSize?: number
}

/** Bytes of this stream that the kernel has accepted so far. */
export function acceptedBytes(stream: Socket): number {
  // `_handle` is internal to net.Socket; without it progress is seen per write, not per byte. The stream's own
  // `bytesWritten` also counts bytes that are still buffered, such as pongs.
  const handle: SocketHandle | null = Reflect.get(stream, '_handle') ?? null
  if (handle?.bytesWritten === undefined || handle.writeQueueSize === undefined) {
    return stream.bytesWritten - stream.writableLength
  }
  return handle.bytesWritten - handle.writeQueueSize
}
