// tap puts its instrumentation into every process that a test starts, through NODE_OPTIONS. It serves coverage,
// which is off (.taprc), slows each start and changes how Node loads files. Services under test start plain.
import processOnSpawn from 'process-on-spawn'

processOnSpawn.removeAllListeners()
